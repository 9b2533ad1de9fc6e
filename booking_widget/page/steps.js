/* The state machine: which step follows which, and which step a visit is at by what the server says. */

/** @import { Step, Visit } from './types.js' */

/** @type {Record<Step, Partial<Record<string, Step>>>} */
const MOVES = {
  pick: { choose: 'held', look: 'pick' },
  held: { lost: 'taken', failed: 'pick', kept: 'details' },
  taken: { choose: 'held', look: 'pick' },
  details: { look: 'pick', choose: 'held' },
  pay: { look: 'pick', edit: 'details', wait: 'confirming' },
  confirming: { doubt: 'pay', look: 'pick' },
  done: { look: 'pick' },
  ended: { look: 'pick' },
};

/** @param {Step} step @param {string} verb @returns {Step} */
export function next(step, verb) {
  const then = MOVES[step][verb];
  if (!then) throw new Error(`${verb} is not possible at ${step}`);
  return then;
}

/**
 * What the server says wins over whatever this page believed.
 * @param {Visit} visit
 * @param {number} now milliseconds by the server's clock
 * @param {boolean} paying the patient has just come from paying: an open payment is one on its way
 * @returns {Step}
 */
export function stepOf(visit, now, paying) {
  const { status, payment_status: payment, expires_at: expires } = visit;
  if (status === 'canceled') return 'ended';
  if (status !== 'draft' && status !== 'pending_payment') return 'done';
  if (status === 'pending_payment') {
    if (payment === 'processing' || payment === 'succeeded') return 'confirming';
    // A failure may be that of the card before this one: whoever has just paid gets the next news first.
    if (paying && (payment === 'initiated' || payment === 'failed')) return 'confirming';
  }
  if (expires && Date.parse(expires) <= now) return 'ended';
  return status === 'draft' ? 'details' : 'pay';
}

/** @param {Visit | null} visit whether its time is kept but not settled */
export const isOpen = (visit) => visit?.status === 'draft' || visit?.status === 'pending_payment';

/** Place of each step in the row of steps at the top. */
const STAGES = { pick: 0, held: 0, taken: 0, details: 1, pay: 2, confirming: 2, done: 3, ended: -1 };

/** @param {Step} step */
export function markStage(step) {
  const stage = STAGES[step];
  document.querySelectorAll('.steps li').forEach((item, index) => {
    item.classList.toggle('past', index < stage);
    if (index === stage) item.setAttribute('aria-current', 'step');
    else item.removeAttribute('aria-current');
  });
}
