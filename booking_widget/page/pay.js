/* Paying: the total, the policy, and the way that the server names. Card data never passes through this page. */

import { el } from './el.js';
import { summary } from './kept.js';

/** @import { Context, PaymentStep, Visit } from './types.js' */

const STRIPE_SCRIPT = 'https://js.stripe.com/v3/';

/** @param {Context} context @param {Visit} visit */
export function payView(context, visit) {
  const { state, words, acts } = context;
  const price = words.money(visit.total_minor);
  const failed = state.refusal || visit.payment_status === 'failed';
  const mount = el('div', { class: 'block', id: 'card' });
  const button = el(
    'button',
    { class: 'button primary', type: 'button', onclick: () => acts.pay(mount, button) },
    words.say(failed ? 'pay_again' : 'pay_now', { price }),
  );
  return el(
    'section',
    { class: 'step' },
    el('h2', { tabindex: -1 }, words.say('pay')),
    el(
      'div',
      { class: 'columns' },
      summary(context, visit),
      el(
        'div',
        {},
        failed && el('div', { class: 'banner bad', id: 'refusal' }, el('p', {}, refusal(context, visit))),
        el('p', {}, words.say('pay_hint')),
        el('p', { class: 'hint block' }, `${words.say('policy')}: ${visit.policy}`),
        mount,
        el(
          'div',
          { class: 'actions' },
          button,
          state.typed.email &&
            el('button', { class: 'link', type: 'button', onclick: acts.edit }, words.say('details')),
        ),
      ),
    ),
    el('button', { class: 'link', type: 'button', onclick: acts.leave }, words.say('other_time')),
  );
}

/** @param {Context} context @param {Visit} _visit */
export function refusal({ state, words }, _visit) {
  return state.refusal ? words.say('declined', { reason: state.refusal }) : words.say('declined_plain');
}

/** @param {Context} context @param {Visit} visit */
export function confirmingView({ state, words, acts }, visit) {
  return el(
    'section',
    { class: 'step' },
    el('h2', { tabindex: -1 }, words.say('confirming')),
    el(
      'div',
      { class: 'seal' },
      el('span', { class: 'waiting', 'aria-hidden': 'true' }),
      el('p', {}, words.say('confirming_hint')),
    ),
    state.patient &&
      visit.payment_status === 'initiated' &&
      el(
        'p',
        {},
        `${words.say('not_paid')} `,
        el(
          'button',
          { class: 'link', type: 'button', onclick: () => acts.pay(el('div'), el('div')) },
          words.say('to_pay_page'),
        ),
      ),
  );
}

/**
 * Shows Stripe's own form in `mount` and gives back what submits it. Their script comes from their host only.
 * @param {PaymentStep} step
 * @param {HTMLElement} mount
 * @param {string} locale
 * @param {string} back where a method that must leave the page returns to
 * @returns {Promise<() => Promise<string>>} its promise is '' when Stripe has taken the payment, else the reason
 */
export async function stripeForm(step, mount, locale, back) {
  const accent = getComputedStyle(document.documentElement).getPropertyValue('--accent').trim();
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const stripe = (await stripeScript())(step.publishable_key ?? '', { locale });
  const elements = stripe.elements({
    clientSecret: step.client_secret,
    appearance: { theme: dark ? 'night' : 'stripe', variables: { colorPrimary: accent } },
  });
  elements.create('payment').mount(mount);
  return async () => {
    const { error } = await stripe.confirmPayment({
      elements,
      redirect: 'if_required',
      confirmParams: { return_url: back },
    });
    return error ? error.message || error.code || error.type : '';
  };
}

/** @returns {Promise<any>} */
function stripeScript() {
  const known = /** @type {any} */ (window).Stripe;
  if (known) return Promise.resolve(known);
  return new Promise((resolve, reject) => {
    const script = el('script', {
      src: STRIPE_SCRIPT,
      onload: () => resolve(/** @type {any} */ (window).Stripe),
      onerror: () => {
        script.remove();
        reject(new Error(STRIPE_SCRIPT));
      },
    });
    document.head.append(script);
  });
}
