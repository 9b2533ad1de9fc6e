/* The page made alive. It holds the state, moves it by `steps.js`, and draws the step that it is at; what a visit's
   step is, the server says. The address is the state that survives: /book/{clinic} or /book/{clinic}/visit/{token}. */

import {
  Problem,
  findSlots,
  holdSlot,
  letGo,
  newKey,
  overtaken,
  readVisit,
  saveDetails,
  sendAgain,
  startPayment,
  unlessProblem,
} from './api.js';
import { detailsView, filled, refusals } from './details.js';
import { doneView, endedView } from './done.js';
import { byId, el } from './el.js';
import { connectHost } from './host.js';
import { countDown, keptBanner } from './kept.js';
import { confirmingView, payView, refusal, stripeForm } from './pay.js';
import { DAYS, listenToChoices, pickView, takenView } from './pick.js';
import { isOpen, markStage, next, stepOf } from './steps.js';
import { Words, plusDays } from './words.js';
import { createWork } from './work.js';

/** @import { Acts, Context, Details, PageData, State, Step, Visit } from './types.js' */

const DOUBT_AFTER_MS = 8000;
const FAILED_AFTER_MS = 3000;
const LINK_TRIES = 20;
const LOOK_EVERY_MS = 4000;

const data = /** @type {PageData} */ (JSON.parse(byId('data').textContent ?? ''));
const words = new Words(data);
const page = byId('app');
const live = byId('live');
// The server's clock decides when a hold ends; ours may be wrong.
const skew = Date.parse(data.now) - Date.now();
const now = () => Date.now() + skew;
const slug = data.clinic.slug;
const kind = /** @type {PerformanceNavigationTiming | undefined} */ (
  performance.getEntriesByType('navigation')[0]
)?.type;

/** @type {State} */
const state = {
  step: data.step,
  service_id: data.service_id ?? data.view?.service_id ?? data.clinic.services[0]?.id ?? '',
  provider_id: data.provider_id ?? '',
  from: data.from ?? data.today,
  settled: data.settled ?? false,
  slots: [],
  alternatives: [],
  visit: data.view ?? null,
  token: data.token ?? '',
  typed: history.state?.typed ?? {},
  wrong: new Map(),
  refusal: '',
  patient: false,
  notice: '',
};

let newest = 0;
/** @type {(() => Promise<string>) | null} */
let submitCard = null;
let stopTimer = () => {};

const { attempt, isBusy } = createWork(page, words, () => {
  if (state.step === 'held') state.step = 'pick';
});

/** @type {Acts} */
const acts = {
  look: (asked, focus = '') => attempt(() => look(asked, focus)),
  choose(start) {
    const [key, { service_id, provider_id }] = [newKey(), state];
    attempt(() => choose({ service_id, provider_id: provider_id || null, start }, key));
  },
  leave: () => attempt(leave),
  restart() {
    forget();
    attempt(() => look({}, '#when'));
  },
  submit(typed, wrong) {
    state.typed = typed;
    if (wrong.size) return refuse(wrong);
    attempt(() => submit(typed));
  },
  unsettle() {
    state.settled = false;
  },
  type: (typed) => remember(typed),
  edit: () => draw(next(state.step, 'edit')),
  pay(mount, button) {
    const key = newKey();
    button.setAttribute('aria-disabled', 'true');
    attempt(() => (submitCard ? payByCard(submitCard) : pay(mount, button, key))).finally(() =>
      button.removeAttribute('aria-disabled'),
    );
  },
  resend() {
    const key = newKey();
    attempt(async () => {
      await sendAgain(state.token, key);
      state.notice = words.say('resent');
      draw('done', '.muted');
      speak(state.notice);
    });
  },
};
/** @type {Context} */
const context = { data, state, words, acts };

const host = connectHost([...data.origins, location.origin], (_, token) => {
  if (token && !state.token) attempt(() => resume(token), true);
  else tellHost();
});

// Work that may fail ---------------------------------------------------------------------------------------------

/** @param {{ service_id?: string, provider_id?: string, from?: string }} asked @param {string} focus */
async function look(asked, focus, move = true) {
  const mine = ++newest;
  const service_id = asked.service_id ?? state.service_id;
  const service = data.clinic.services.find((card) => card.id === service_id);
  const wanted = asked.provider_id ?? state.provider_id;
  const provider_id = service?.provider_ids.includes(wanted) ? wanted : '';
  const from = asked.from ?? state.from;
  const found = service
    ? await findSlots(slug, service_id, provider_id, from, plusDays(from, DAYS))
    : { slots: [] };
  if (mine !== newest) return;
  Object.assign(state, {
    service_id,
    provider_id,
    from,
    slots: found.slots,
    settled: state.settled || 'service_id' in asked,
  });
  if (move) history.replaceState(keep(), '', lookAddress());
  draw(next(state.step, 'look'), focus);
  speak(words.count('times', found.slots.length));
}

/** @param {{ service_id: string, provider_id: string | null, start: string }} wanted @param {string} key */
async function choose(wanted, key) {
  state.step = next(state.step === 'ended' ? 'pick' : state.step, 'choose');
  speak(words.say('keeping'));
  const before = state.visit;
  if (isOpen(before)) await letGo(state.token).catch(unlessProblem);
  try {
    const hold = await holdSlot(slug, wanted, key);
    state.token = hold.token;
  } catch (error) {
    if (!(error instanceof Problem) || !error.code.startsWith('slot_')) throw error;
    state.alternatives = error.alternatives;
    state.visit = null;
    return draw(next('held', 'lost'));
  }
  const visit = await readVisit(state.token);
  history.pushState(keep(), '', visitAddress());
  settle(visit);
}

async function leave() {
  await letGo(state.token).catch(unlessProblem);
  forget();
  await look({}, '#when');
}

/** @param {Details} typed */
async function submit(typed) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const { note, ...rest } = typed;
  const details = {
    ...rest,
    note: note || null,
    consent_version: data.clinic.consent_version,
    language: data.language,
    time_zone: zone,
  };
  try {
    const visit = await saveDetails(state.token, details);
    history.replaceState(null, '', visitAddress());
    settle(visit);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (overtaken(error)) return settleOvertaken(error);
    if (!error.fields.length && !['invalid_mobile', 'invalid_email', 'consent_required'].includes(error.code))
      throw error;
    refuse(refusals(context, error));
  }
}

/** @param {unknown} error */
async function settleOvertaken(error) {
  const visit = await readVisit(state.token);
  // The server's clock has the last word, and its sweep may not have come by yet.
  settle(visit, error instanceof Problem && error.code === 'hold_expired' ? 'ended' : undefined);
}

/** @param {HTMLElement} mount @param {HTMLElement} button @param {string} key */
async function pay(mount, button, key) {
  state.refusal = '';
  let step;
  try {
    step = await startPayment(state.token, key);
  } catch (error) {
    if (!overtaken(error)) throw error;
    return settleOvertaken(error);
  }
  if (step.kind === 'none') return settle(await readVisit(state.token));
  if (step.kind === 'stripe_elements') {
    submitCard = await stripeForm(step, mount, data.language, location.origin + visitAddress());
    button.replaceChildren(words.say('pay_now', { price: words.money(state.visit?.total_minor ?? 0) }));
    return;
  }
  const url = new URL(step.url ?? '', location.href);
  if (!/^https?:$/.test(url.protocol)) throw new Error(url.protocol);
  // A vendor's page refuses to be framed: it takes the whole window, and a click must open it.
  if (window.parent === window || url.origin === location.origin) location.assign(url);
  else
    mount.replaceChildren(
      el('a', { class: 'button primary', href: url.href, target: '_top' }, words.say('to_pay_page')),
    );
}

/** @param {() => Promise<string>} submitForm */
async function payByCard(submitForm) {
  const reason = await submitForm();
  if (reason) {
    state.refusal = reason;
    const text = refusal(context, /** @type {Visit} */ (state.visit));
    // The card form stays as it is: only the reason is put above it.
    byId('refusal')?.remove();
    byId('card').before(el('div', { class: 'banner bad', id: 'refusal', role: 'alert' }, el('p', {}, text)));
    return;
  }
  state.patient = false;
  draw(next(state.step, 'wait'));
  watch();
}

/** Asks until the payment's fate is known. What a payment page claimed on its way back counts for nothing. */
async function watch() {
  const mine = ++newest;
  const since = Date.now();
  for (let pause = 500; mine === newest && state.step === 'confirming'; pause = Math.min(pause * 1.3, 3000)) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    const visit = await readVisit(state.token).catch(unlessProblem);
    if (!visit || mine !== newest) continue;
    const old = visit.payment_status === 'failed' && Date.now() - since > FAILED_AFTER_MS;
    const step = stepOf(visit, now(), !old);
    if (step !== 'confirming') return settle(visit, step);
    state.visit = visit;
    if (!state.patient && Date.now() - since > DOUBT_AFTER_MS) {
      state.patient = true;
      draw('confirming', 'none');
    }
  }
}

/** The video room is made a moment after the payment: its link is shown as soon as it is there. */
async function awaitLink() {
  const mine = ++newest;
  for (let tries = 0; tries < LINK_TRIES && mine === newest && state.step === 'done'; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const visit = await readVisit(state.token).catch(unlessProblem);
    if (visit?.join_url && mine === newest && state.step === 'done') {
      state.visit = visit;
      return draw('done', 'none');
    }
  }
}

// Showing -------------------------------------------------------------------------------------------------------

/** The server's word on the visit. @param {Visit} visit @param {Step} [step] @param {string} [focus] */
function settle(visit, step = stepOf(visit, now(), false), focus) {
  state.visit = visit;
  state.wrong = new Map();
  state.notice = '';
  state.service_id = visit.service_id;
  draw(step, focus);
  if (step === 'confirming') watch();
  if (step === 'done' && visit.mode === 'remote' && !visit.join_url) awaitLink();
}

/** @param {Map<string, string>} wrong */
function refuse(wrong) {
  state.wrong = wrong;
  draw('details', '#errors');
}

/** @param {Step} step @param {string} [focus] what gets the focus: a selector, the heading by default, or 'none' */
function draw(step, focus = 'h2') {
  stopTimer();
  submitCard = null;
  state.step = step;
  const visit = /** @type {Visit} */ (state.visit);
  const view = {
    pick: () => pickView(context),
    held: () => pickView(context),
    taken: () => takenView(context),
    details: () => detailsView(context, visit),
    pay: () => payView(context, visit),
    confirming: () => confirmingView(context, visit),
    done: () => doneView(context, visit, now()),
    ended: () => endedView(context, visit),
  }[step]();
  page.replaceChildren(
    ...(step === 'pick' ? [keptBanner(context, now(), comeBack), view] : [view]).filter(
      (node) => node !== null,
    ),
  );
  page.dataset.step = step;
  document.title = `${page.querySelector('h2')?.textContent} · ${data.clinic.name}`;
  markStage(step);
  if (focus !== 'none') {
    const target = /** @type {HTMLElement | null} */ (page.querySelector(focus) ?? page.querySelector('h2'));
    if (target && !target.matches('a, button, input')) target.tabIndex = -1;
    target?.focus();
  }
  if ((step === 'details' || step === 'pay') && visit.expires_at)
    stopTimer = countDown(context, visit.expires_at, now, speak, check);
  tellHost();
}

function comeBack() {
  history.pushState(keep(), '', visitAddress());
  attempt(async () => settle(await readVisit(state.token)));
}

/** @param {string} text */
function speak(text) {
  live.textContent = text;
}

function tellHost() {
  // At the start the host may hold a token that this page has not been told yet: silence keeps it.
  if (state.step === 'ended') host.tell('token', { token: '' });
  else if (state.token) host.tell('token', { token: state.token });
  host.tell('step', { step: state.step === 'held' ? 'pick' : state.step });
  host.size();
}

/** There is no visit to come back to any more. */
function forget() {
  state.token = '';
  state.visit = null;
  host.tell('token', { token: '' });
}

// Remembering ---------------------------------------------------------------------------------------------------

function lookAddress() {
  const query = new URLSearchParams(data.ask);
  if (state.settled) query.set('service', state.service_id);
  if (state.provider_id) query.set('provider', state.provider_id);
  if (state.from !== data.today) query.set('from', state.from);
  return `${data.base}${query.size ? `?${query}` : ''}`;
}

const visitAddress = () => `${data.base}/visit/${state.token}${data.ask}`;

/** What was typed stays with this entry of the tab's history, as browsers do with forms themselves. No storage: it is
    refused inside other people's websites, and would outlive the tab. */
const keep = () => ({ typed: state.typed });

/** @param {Partial<Details>} typed */
function remember(typed) {
  state.typed = typed;
  history.replaceState(keep(), '');
}

/** Looks whether the visit moved on without us: the hold ran out, the payment came, somebody canceled. */
async function check() {
  if (isBusy() || (state.step !== 'details' && state.step !== 'pay')) return;
  const visit = await readVisit(state.token).catch(unlessProblem);
  const step = visit && stepOf(visit, now(), false);
  if (visit && step !== state.step && !(state.step === 'details' && step === 'pay'))
    settle(visit, /** @type {Step} */ (step));
}

/** Goes to where the address says. @param {string} focus */
async function follow(focus) {
  const token = location.pathname.match(/\/visit\/([\w-]+)$/)?.[1];
  if (token) return settle(await readVisit((state.token = token)), undefined, focus);
  if (state.step !== 'pick') state.step = 'done';
  return look({}, focus, false);
}

/** Goes on with the visit that the host page remembers, unless it is over. @param {string} token */
async function resume(token) {
  const visit = await readVisit(token).catch((error) => {
    if (error instanceof Problem && error.code === 'not_found') return null;
    throw error;
  });
  if (!visit || visit.status === 'canceled') return forget();
  state.token = token;
  history.replaceState(keep(), '', visitAddress());
  settle(visit, undefined, 'none');
}

addEventListener('popstate', () => {
  state.typed = history.state?.typed ?? state.typed;
  attempt(() => follow('h2'), true);
});
addEventListener('pageshow', (event) => event.persisted && attempt(() => follow('none'), true));
document.addEventListener('visibilitychange', () => document.hidden || check());
let looks = 0;
// A payment begun elsewhere may end any moment; otherwise a look now and then will do.
setInterval(() => {
  if (state.visit?.payment_status === 'initiated' || ++looks % 3 === 0) check();
}, LOOK_EVERY_MS);

listenToChoices(page, acts, speak);

if (state.visit) {
  const form = /** @type {HTMLFormElement | null} */ (page.querySelector('form[data-details]'));
  // On a slow line somebody may have begun to type before these modules came.
  if (form && form.first_name) state.typed = { ...state.typed, ...filled(form) };
  // Arriving on a link or from the payment page, not by Back or reload: an open payment is then on its way.
  settle(state.visit, stepOf(state.visit, now(), kind === 'navigate'), 'none');
} else {
  const token = location.hash.match(/^#t=([\w-]+)$/)?.[1];
  if (token) attempt(() => resume(token));
}
