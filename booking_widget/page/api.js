/* The booking API. An answer, a Problem that the server states, or Unreachable when nobody knows what happened;
   after Unreachable the same call with the same key is safe. */

/** @import { Hold, PaymentStep, Slot, Visit } from './types.js' */

const PATIENCE_MS = 15000;

export class Problem extends Error {
  /** @param {{ code?: string, detail?: string, fields?: { field: string, message: string }[], alternatives?: Slot[] }} body */
  constructor(body) {
    super(body.detail ?? '');
    this.code = body.code ?? '';
    this.fields = body.fields ?? [];
    this.alternatives = body.alternatives ?? [];
  }
}

export class Unreachable extends Error {}

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @param {string} [key] Idempotency-Key
 * @returns {Promise<any>}
 */
async function call(method, path, body, key) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (body) headers['Content-Type'] = 'application/json';
  if (key) headers['Idempotency-Key'] = key;
  let answer;
  let content;
  try {
    answer = await fetch(`/api/booking/${path}`, {
      method,
      headers,
      body: body ? JSON.stringify(body) : null,
      cache: 'no-store',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    content = answer.status === 204 ? null : await answer.json();
  } catch {
    throw new Unreachable();
  }
  if (answer.ok) return content;
  throw new Problem(content);
}

/** @param {string} slug @param {string} service @param {string} provider @param {string} from @param {string} to @returns {Promise<{ slots: Slot[] }>} */
export function findSlots(slug, service, provider, from, to) {
  const query = new URLSearchParams({ service_id: service, from, to });
  if (provider) query.set('provider_id', provider);
  return call('GET', `${slug}/slots?${query}`);
}

/** @param {string} slug @param {{ service_id: string, provider_id: string | null, start: string }} wanted @param {string} key @returns {Promise<Hold>} */
export const holdSlot = (slug, wanted, key) => call('POST', `${slug}/holds`, wanted, key);

/** @param {string} token @returns {Promise<Visit>} */
export const readVisit = (token) => call('GET', `appointments/${token}`);

/** @param {string} token @returns {Promise<null>} */
export const letGo = (token) => call('DELETE', `appointments/${token}/hold`);

/** @param {string} token @param {object} details @returns {Promise<Visit>} */
export const saveDetails = (token, details) => call('PUT', `appointments/${token}/details`, details);

/** @param {string} token @param {string} key @returns {Promise<PaymentStep>} */
export const startPayment = (token, key) => call('POST', `appointments/${token}/payment`, {}, key);

/** @param {string} token @param {string} key @returns {Promise<{ queued: number }>} */
export const sendAgain = (token, key) => call('POST', `appointments/${token}/resend`, undefined, key);

export function newKey() {
  // randomUUID exists only over https; a clinic's test site may be plain http.
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}

/** @param {unknown} error @returns {boolean} the visit is not where this page thought it was */
export function overtaken(error) {
  return error instanceof Problem && (error.code === 'hold_expired' || error.code === 'wrong_state');
}

/** A read that fails in the background is tried again later; a mistake of ours is not hidden. @param {unknown} error */
export function unlessProblem(error) {
  if (!(error instanceof Problem || error instanceof Unreachable)) throw error;
  return null;
}
