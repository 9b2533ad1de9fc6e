/* Choosing a service, a person and a time. The markup is that of steps/pick.html, so the first page needs no redraw. */

import { byId, el } from './el.js';
import { plusDays } from './words.js';

/** @import { Child } from './el.js' */
/** @import { Context, Service, Slot } from './types.js' */

export const DAYS = 14;
const SOONEST = 3;
const PARTS = [12, 17, 24];

/** @param {Context} context */
export function pickView(context) {
  const { data, state, words } = context;
  const service = data.clinic.services.find((card) => card.id === state.service_id);
  const cards = data.clinic.services.map((card) => el('li', {}, cardLink(context, card, card === service)));
  return el(
    'div',
    { class: `pick${state.settled ? ' settled' : ''}` },
    el(
      'section',
      { class: 'services', 'aria-labelledby': 'what' },
      el('h2', { id: 'what', tabindex: -1 }, words.say('what')),
      el('ul', { class: 'cards' }, cards),
      el(
        'a',
        { class: 'button quiet change block', href: data.base, 'data-change': '' },
        words.say('change'),
      ),
    ),
    service && times(context, service),
  );
}

/** @param {Context} context @param {Service} card @param {boolean} chosen */
function cardLink({ data, words }, card, chosen) {
  return el(
    'a',
    {
      class: 'card',
      href: `${data.base}?service=${card.id}`,
      'data-service': card.id,
      'aria-current': chosen && 'true',
    },
    el('b', {}, card.name),
    ' ',
    el(
      'span',
      { class: 'price' },
      card.price_minor ? words.money(card.price_minor, false) : words.say('free'),
    ),
    ' ',
    el('small', {}, `${words.say('minutes', { n: card.duration_minutes })} · ${words.say(card.mode)}`),
    card.description && el('small', {}, card.description),
  );
}

/** @param {Context} context @param {Service} service */
function times(context, service) {
  const { data, state, words } = context;
  const starts = byStart(state.slots);
  const note = priceNote(context, starts);
  const last = plusDays(state.from, DAYS - 1);
  const span = `${words.monthDay(state.from)} – ${words.monthDay(last)}`;
  const open = byDay(starts);
  const days = Array.from({ length: DAYS }, (_, offset) => plusDays(state.from, offset));
  const first = days.find((day) => open.has(day));
  const people = data.clinic.providers.filter((person) => service.provider_ids.includes(person.id));
  const chips = [{ id: '', name: words.say('anyone') }, ...people].map(({ id, name }) =>
    el(
      'li',
      {},
      el(
        'a',
        { class: 'chip', href: '#', 'data-provider': id, 'aria-current': id === state.provider_id && 'true' },
        name,
      ),
    ),
  );
  const earlier =
    state.from > data.today &&
    (plusDays(state.from, -DAYS) > data.today ? plusDays(state.from, -DAYS) : data.today);
  return el(
    'section',
    { class: 'times', 'aria-labelledby': 'when' },
    el('h2', { id: 'when', tabindex: -1 }, words.say('when')),
    el('p', { class: 'zone small muted' }, words.zoneName(`${state.from}T12:00:00Z`, 'zone')),
    people.length === 1 && el('p', {}, words.say('with', { name: people[0]?.name ?? '' })),
    people.length > 1 && el('nav', { 'aria-label': words.say('whom') }, el('ul', { class: 'chips' }, chips)),
    el(
      'form',
      { 'data-hold': '' },
      starts.length > 0 &&
        el(
          'div',
          { class: 'block' },
          el('h3', {}, words.say('next')),
          choices(context, starts.slice(0, SOONEST), note),
        ),
      el(
        'div',
        { class: 'block' },
        el(
          'nav',
          { class: 'range', 'aria-label': span },
          arrow('‹', words.say('earlier'), earlier),
          el('h3', {}, span),
          arrow('›', words.say('later'), plusDays(state.from, DAYS)),
        ),
        el(
          'ol',
          { class: 'strip' },
          days.map((day) => el('li', {}, dayCell(context, day, open.get(day), day === first))),
        ),
      ),
      days.map((day) => daySection(context, day, open.get(day), day === first, note)),
      !first &&
        el(
          'p',
          { class: 'block' },
          el('b', {}, words.say('none', { first: words.monthDay(state.from), last: words.monthDay(last) })),
          ` ${words.say('none_hint', { phone: data.clinic.phone })}`,
        ),
    ),
  );
}

/** @param {string} sign @param {string} name @param {string | false} from */
const arrow = (sign, name, from) =>
  el(
    'a',
    {
      class: 'arrow',
      'aria-label': name,
      href: from && '#',
      'data-from': from,
      'aria-disabled': !from && 'true',
    },
    el('span', { 'aria-hidden': 'true' }, sign),
  );

/** @param {Context} context @param {string} day @param {Slot[] | undefined} slots @param {boolean} chosen */
function dayCell({ words }, day, slots, chosen) {
  const unseen = el(
    'span',
    { class: 'unseen' },
    `, ${slots ? words.count('times', slots.length) : words.say('no_times')}`,
  );
  const seen = [el('small', {}, words.weekday(day)), ' ', el('b', {}, String(Number(day.slice(8))))];
  if (!slots) return el('span', {}, ...seen, unseen);
  return el('a', { href: `#d-${day}`, 'data-day': day, 'aria-current': chosen && 'date' }, ...seen, unseen);
}

/** @param {Context} context @param {string} day @param {Slot[] | undefined} slots @param {boolean} chosen @param {(slot: Slot) => string} note */
function daySection({ words }, day, slots, chosen, note) {
  if (!slots) return null;
  const names = /** @type {string[]} */ (words.words.parts);
  const parts = names.map((name, index) => {
    const inside = slots.filter(
      ({ start }) => hour(start) >= (PARTS[index - 1] ?? 0) && hour(start) < (PARTS[index] ?? 24),
    );
    const items = inside.map((slot) =>
      el('li', {}, slotButton(words, slot, words.time(slot.start), note(slot))),
    );
    return inside.length ? [el('h4', {}, name), el('ul', { class: 'slots' }, items)] : [];
  });
  return el(
    'section',
    { class: `day${chosen ? ' chosen' : ''}`, id: `d-${day}`, 'aria-labelledby': `h-${day}` },
    el('h3', { id: `h-${day}` }, words.day(day)),
    ...parts,
  );
}

/** Slots as buttons with their day. @param {Context} context @param {Slot[]} slots @param {(slot: Slot) => string} note */
export function choices({ words }, slots, note) {
  const items = slots.map((slot) => {
    const day = el('small', {}, words.nearDay(dayOf(slot)));
    return el('li', {}, slotButton(words, slot, [day, ` ${words.time(slot.start)}`], note(slot)));
  });
  return el('ul', { class: 'next' }, items);
}

/** @param {Context['words']} words @param {Slot} slot @param {string | Child[]} label @param {string} note */
function slotButton(words, { start }, label, note) {
  const dated = typeof label !== 'string';
  const spoken = [words.time(start), note, words.day(start.slice(0, 10))].filter(Boolean).join(', ');
  const shown = dated ? label : [label];
  const price = note && el('small', {}, ` ${note}`);
  return el('button', { name: 'start', value: start, 'aria-label': !dated && spoken }, shown, price);
}

/** A price beside the time, only where it depends on the time. @param {Context} context @param {Slot[]} slots @returns {(slot: Slot) => string} */
export function priceNote({ words }, slots) {
  const varied = new Set(slots.map((slot) => slot.price_minor)).size > 1;
  return (slot) => (varied ? words.money(slot.price_minor, false) : '');
}

/** One slot a start, the cheapest: who gives it is settled by the hold. @param {Slot[]} slots */
function byStart(slots) {
  /** @type {Map<string, Slot>} */
  const cheapest = new Map();
  for (const slot of slots) {
    const known = cheapest.get(slot.start);
    if (!known || slot.price_minor < known.price_minor) cheapest.set(slot.start, slot);
  }
  return [...cheapest.values()];
}

/** @param {Slot[]} slots */
function byDay(slots) {
  /** @type {Map<string, Slot[]>} */
  const days = new Map();
  for (const slot of slots) days.set(dayOf(slot), [...(days.get(dayOf(slot)) ?? []), slot]);
  return days;
}

// A slot's start carries the clinic's offset, so its own digits are the clinic's day and hour.
/** @param {Slot} slot */
const dayOf = ({ start }) => start.slice(0, 10);
/** @param {string} start */
const hour = (start) => Number(start.slice(11, 13));

/** Shows one day's times. @param {HTMLElement} page @param {string} day */
export function openDay(page, day) {
  for (const link of page.querySelectorAll('[data-day]')) link.removeAttribute('aria-current');
  page.querySelector(`[data-day="${day}"]`)?.setAttribute('aria-current', 'date');
  for (const section of page.querySelectorAll('.day'))
    section.classList.toggle('chosen', section.id === `d-${day}`);
}

/** @param {Context} context */
export function takenView(context) {
  const { state, words, acts } = context;
  const some = state.alternatives.length > 0;
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
        el('h2', { tabindex: -1 }, words.say('taken')),
        el('p', {}, words.say(some ? 'taken_hint' : 'expired_plain')),
      ),
    ),
    some &&
      el(
        'form',
        { 'data-hold': '' },
        choices(context, state.alternatives, priceNote(context, state.alternatives)),
      ),
    el(
      'p',
      { class: 'actions' },
      el('button', { class: 'button quiet', type: 'button', onclick: acts.restart }, words.say('all_times')),
    ),
  );
}

/**
 * The first page, as the server drew it, answers to these; so does every later one.
 * @param {HTMLElement} page @param {import('./types.js').Acts} acts @param {(text: string) => void} speak
 */
export function listenToChoices(page, acts, speak) {
  page.addEventListener('submit', (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
    if (!('hold' in form.dataset) || !button) return;
    event.preventDefault();
    acts.choose(button.value);
  });
  page.addEventListener('click', (event) => {
    const link = /** @type {HTMLElement} */ (event.target).closest('a');
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const { service, provider, from, day, change } = link.dataset;
    if (
      service === undefined &&
      provider === undefined &&
      from === undefined &&
      day === undefined &&
      change === undefined
    )
      return;
    event.preventDefault();
    if (day) {
      openDay(page, day);
      speak(link.textContent ?? '');
    } else if (change !== undefined) {
      page.querySelector('.settled')?.classList.remove('settled');
      acts.unsettle();
      byId('what').focus();
    } else if (service) acts.look({ service_id: service }, '#when');
    else if (provider !== undefined) acts.look({ provider_id: provider }, `[data-provider="${provider}"]`);
    else if (from) acts.look({ from }, '#when');
  });
}
