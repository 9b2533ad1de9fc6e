/* The end: a visit that is booked, or one that is not any more. */

import { el } from './el.js';

/** @import { Child } from './el.js' */
/** @import { Context, Visit } from './types.js' */

/** @param {Context} context @param {Visit} visit @param {number} now */
export function doneView({ data, state, words, acts }, visit, now) {
  const elsewhere = words.elsewhere(visit);
  const contacts = [visit.email_masked, visit.sms_consent && visit.mobile_masked].filter(
    (item) => typeof item === 'string',
  );
  const [a = '', b = ''] = contacts;
  const join = /^https?:\/\//.test(visit.join_url ?? '');
  /** @param {string} name @param {(Child | Child[])[]} content */
  const fact = (name, ...content) => el('div', {}, el('dt', {}, words.say(name)), el('dd', {}, ...content));
  return el(
    'section',
    { class: 'step' },
    el(
      'div',
      { class: 'seal' },
      el('span', { class: 'mark', 'aria-hidden': 'true' }, '✓'),
      el(
        'div',
        {},
        el('h2', { tabindex: -1 }, words.say(Date.parse(visit.end) <= now ? 'past' : 'done')),
        visit.patient_first_name && el('p', {}, words.say('done_for', { name: visit.patient_first_name })),
      ),
    ),
    el(
      'dl',
      { class: 'facts' },
      fact(
        'start',
        el('p', { class: 'lead' }, el('b', {}, words.moment(visit.start))),
        el('p', {}, words.zoneName(visit.start)),
        elsewhere && el('p', {}, elsewhere),
      ),
      fact('service', visit.service_name),
      fact('provider', visit.provider_name),
      fact(
        'place',
        words.place(visit),
        visit.mode === 'remote' &&
          el(
            'p',
            {},
            join
              ? el(
                  'a',
                  {
                    href: visit.join_url,
                    class: 'button quiet',
                    target: '_blank',
                    rel: 'noopener noreferrer',
                  },
                  words.say('join'),
                )
              : words.say('join_soon'),
          ),
      ),
      visit.paid_minor > 0 && fact('paid', words.money(visit.paid_minor)),
      visit.refunded_minor > 0 && fact('refunded', words.money(visit.refunded_minor)),
      fact('reference', visit.reference),
      fact('policy', el('p', {}, visit.policy)),
    ),
    a &&
      el(
        'p',
        { class: 'actions' },
        words.say('sent_to', { contacts: b ? words.say('and', { a, b }) : a }),
        ' ',
        el('button', { class: 'button quiet', type: 'button', onclick: acts.resend }, words.say('resend')),
        state.notice && el('span', { class: 'muted' }, state.notice),
      ),
    el(
      'p',
      { class: 'actions' },
      el('a', { href: data.base + data.ask, onclick: leaving(acts.restart) }, words.say('another')),
    ),
  );
}

/** @param {Context} context @param {Visit} visit */
export function endedView({ data, state, words, acts }, visit) {
  const lapsed = visit.cancellation_cause !== 'staff' && visit.cancellation_cause !== 'slot_gone';
  const typed = Object.values(state.typed).some(Boolean);
  const hint = lapsed
    ? words.say(typed ? 'expired_hint' : 'expired_plain')
    : visit.cancellation_cause === 'slot_gone' && words.say('slot_gone');
  return el(
    'section',
    { class: 'ended' },
    el(
      'div',
      { class: 'seal' },
      el('span', { class: 'mark off', 'aria-hidden': 'true' }, '!'),
      el(
        'div',
        {},
        el('h2', { tabindex: -1 }, words.say(lapsed ? 'expired' : 'canceled')),
        hint && el('p', {}, hint),
      ),
    ),
    el(
      'p',
      {},
      el('b', {}, visit.service_name),
      `, ${words.moment(visit.start)} · ${words.say('reference')} ${visit.reference}`,
    ),
    visit.refunded_minor > 0 && el('p', {}, `${words.say('refunded')}: ${words.money(visit.refunded_minor)}`),
    el(
      'p',
      { class: 'actions' },
      el(
        'a',
        { class: 'button primary', href: data.base + data.ask, onclick: leaving(acts.restart) },
        words.say('again'),
      ),
    ),
  );
}

/** @param {() => void} act */
const leaving = (act) => (/** @type {Event} */ event) => {
  event.preventDefault();
  act();
};
