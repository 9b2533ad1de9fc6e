/* Who comes: name, contacts, consent. Only what is plainly missing is found here; the server decides the rest. */

import { byId, el } from './el.js';
import { summary } from './kept.js';

/** @import { Context, Details, Visit } from './types.js' */

const NEEDED = /** @type {const} */ (['first_name', 'last_name', 'email', 'mobile']);
const KINDS = { first_name: 'text', last_name: 'text', email: 'email', mobile: 'tel' };
const FILLED_BY = { first_name: 'given-name', last_name: 'family-name', email: 'email', mobile: 'tel' };
/** @type {Record<string, string>} */
const FIELD_OF_CODE = { invalid_mobile: 'mobile', invalid_email: 'email', consent_required: 'sms_consent' };
/** @type {Record<string, string>} */
const WORD_OF_FIELD = { email: 'err_email', mobile: 'err_mobile', sms_consent: 'err_consent' };

/** @param {Context} context @param {Visit} visit */
export function detailsView(context, visit) {
  const { data, state, words, acts } = context;
  const wrong = state.wrong;

  /** @param {typeof NEEDED[number]} name */
  const field = (name) => {
    const hint = name === 'mobile';
    const described = [wrong.has(name) && `${name}-wrong`, hint && `${name}-hint`].filter(Boolean).join(' ');
    return el(
      'div',
      { class: 'field' },
      el('label', { for: name }, words.say(name)),
      el('input', {
        id: name,
        name,
        type: KINDS[name],
        autocomplete: FILLED_BY[name],
        required: true,
        maxlength: name === 'email' ? 254 : 100,
        value: state.typed[name] ?? '',
        'aria-invalid': wrong.has(name) && 'true',
        'aria-describedby': described || null,
      }),
      hint && el('p', { class: 'hint', id: 'mobile-hint' }, words.say('mobile_hint')),
      trouble(wrong, name),
    );
  };

  return el(
    'section',
    { class: 'step' },
    el('h2', { tabindex: -1 }, words.say('details')),
    el(
      'div',
      { class: 'columns' },
      summary(context, visit),
      el(
        'form',
        {
          novalidate: true,
          oninput: (/** @type {Event} */ event) =>
            acts.type(read(/** @type {HTMLFormElement} */ (event.currentTarget))),
          onsubmit: (/** @type {Event} */ event) => {
            event.preventDefault();
            const typed = read(/** @type {HTMLFormElement} */ (event.currentTarget));
            acts.submit(typed, missing(context, typed));
          },
        },
        wrong.size > 0 &&
          el(
            'div',
            { class: 'errors', id: 'errors', tabindex: -1 },
            el('p', {}, el('b', {}, words.say('fix'))),
            el(
              'ul',
              {},
              [...wrong].map(([name, text]) =>
                el('li', {}, name ? el('a', { href: `#${name}`, onclick: jump }, text) : text),
              ),
            ),
          ),
        el(
          'div',
          { class: 'fields' },
          el('div', { class: 'pair' }, field('first_name'), field('last_name')),
          field('email'),
          field('mobile'),
          el(
            'div',
            { class: 'field consent' },
            el(
              'label',
              { for: 'sms_consent' },
              el('input', {
                id: 'sms_consent',
                name: 'sms_consent',
                type: 'checkbox',
                checked: state.typed.sms_consent,
                'aria-invalid': wrong.has('sms_consent') && 'true',
                'aria-describedby': wrong.has('sms_consent') && 'sms_consent-wrong',
              }),
              el('span', {}, el('b', {}, words.say('consent')), ` ${data.clinic.consent_text}`),
            ),
            trouble(wrong, 'sms_consent'),
          ),
          el(
            'div',
            { class: 'field' },
            el(
              'label',
              { for: 'note' },
              words.say('note'),
              ' ',
              el('span', { class: 'muted' }, `(${words.say('optional')})`),
            ),
            el(
              'textarea',
              {
                id: 'note',
                name: 'note',
                rows: 2,
                maxlength: 2000,
                'aria-invalid': wrong.has('note') && 'true',
                'aria-describedby': wrong.has('note') && 'note-wrong',
              },
              state.typed.note ?? '',
            ),
            trouble(wrong, 'note'),
          ),
        ),
        el('p', { class: 'hint block' }, `${words.say('policy')}: ${visit.policy}`),
        el(
          'div',
          { class: 'actions' },
          el('button', { class: 'button primary' }, words.say(visit.total_minor ? 'to_payment' : 'confirm')),
        ),
      ),
    ),
    el('button', { class: 'link', type: 'button', onclick: acts.leave }, words.say('other_time')),
  );
}

/** @param {Map<string, string>} wrong @param {string} name */
const trouble = (wrong, name) =>
  wrong.has(name) && el('p', { class: 'wrong', id: `${name}-wrong` }, wrong.get(name));

/** Following a link in the list of errors must not change the address, which is the visit's. @param {Event} event */
function jump(event) {
  event.preventDefault();
  byId(/** @type {HTMLAnchorElement} */ (event.currentTarget).hash.slice(1)).focus();
}

/** What stands in the form, whoever rendered it. @param {HTMLFormElement} form @returns {Details} */
function read(form) {
  const values = new FormData(form);
  const text = (/** @type {string} */ name) => String(values.get(name) ?? '');
  return {
    first_name: text('first_name'),
    last_name: text('last_name'),
    email: text('email'),
    mobile: text('mobile'),
    note: text('note'),
    sms_consent: values.has('sms_consent'),
  };
}

/** @param {Context} context @param {Details} typed @returns {Map<string, string>} message by field */
function missing({ words }, typed) {
  const wrong = new Map();
  for (const name of NEEDED) {
    if (!typed[name].trim()) wrong.set(name, words.say('err_required', { field: words.say(name) }));
  }
  if (typed.email.trim() && !/^\S+@\S+$/.test(typed.email.trim())) wrong.set('email', words.say('err_email'));
  if (!typed.sms_consent) wrong.set('sms_consent', words.say('err_consent'));
  return wrong;
}

/** The server's refusal as messages by field. @param {Context} context @param {import('./api.js').Problem} problem */
export function refusals({ words }, problem) {
  const wrong = new Map();
  const named = FIELD_OF_CODE[problem.code];
  for (const field of named ? [named] : problem.fields.map((item) => item.field)) {
    const known = NEEDED.some((name) => name === field) || ['sms_consent', 'note'].includes(field);
    const word = WORD_OF_FIELD[field] ?? 'err_long';
    wrong.set(known ? field : '', known ? words.say(word) : problem.message);
  }
  return wrong.size ? wrong : new Map([['', problem.message]]);
}

/** Only what was filled in. @param {HTMLFormElement} form @returns {Partial<Details>} */
export function filled(form) {
  return Object.fromEntries(Object.entries(read(form)).filter(([, value]) => value));
}
