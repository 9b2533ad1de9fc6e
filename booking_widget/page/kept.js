/* What stays beside the form while a time is kept: the visit in short, and how long it is kept. */

import { el } from './el.js';
import { isOpen } from './steps.js';

/** @import { Context, Visit } from './types.js' */

const SPOKEN_MINUTES = [5, 2, 1];

/** @param {Context} context @param {Visit} visit */
export function summary({ words }, visit) {
  const elsewhere = words.elsewhere(visit);
  return el(
    'aside',
    { class: 'summary', 'aria-label': words.say('service') },
    visit.expires_at &&
      el(
        'p',
        { class: 'timer', role: 'timer' },
        el('span', {}, words.say('kept')),
        el('b', { id: 'left' }, ' '),
      ),
    el('p', {}, el('b', {}, visit.service_name)),
    el('p', {}, el('b', {}, words.moment(visit.start))),
    el('p', { class: 'small muted' }, words.zoneName(visit.start)),
    elsewhere && el('p', { class: 'small' }, elsewhere),
    el('p', {}, words.say('with', { name: visit.provider_name })),
    el('p', { class: 'muted' }, words.place(visit)),
    el(
      'p',
      { class: 'total' },
      el('span', {}, words.say('total')),
      ' ',
      el('span', {}, words.money(visit.total_minor)),
    ),
  );
}

/**
 * Counts down in the summary, says so at 5, 2 and 1 minutes, and calls `lapsed` once at the end.
 * @param {Context} context @param {string} expires @param {() => number} now @param {(text: string) => void} speak @param {() => void} lapsed
 * @returns {() => void} stops it
 */
export function countDown({ data, words }, expires, now, speak, lapsed) {
  const spoken = new Set(SPOKEN_MINUTES.filter((minutes) => Date.parse(expires) - now() < minutes * 60000));
  const tick = () => {
    const seconds = Math.max(0, Math.ceil((Date.parse(expires) - now()) / 1000));
    const shown = document.getElementById('left');
    if (shown) {
      // Our clock and the server's agree to a second or so, which must not show as more than was promised.
      const kept = Math.min(seconds, data.clinic.hold_minutes * 60);
      shown.textContent = `${Math.floor(kept / 60)}:${String(kept % 60).padStart(2, '0')}`;
      shown.parentElement?.classList.toggle('late', seconds <= 120);
    }
    const due = SPOKEN_MINUTES.filter((minutes) => seconds <= minutes * 60 && !spoken.has(minutes)).at(-1);
    if (due) {
      for (const minutes of SPOKEN_MINUTES) if (minutes >= due) spoken.add(minutes);
      speak(words.count('left', due));
    }
    if (seconds === 0) {
      clearInterval(timer);
      lapsed();
    }
  };
  const timer = setInterval(tick, 1000);
  tick();
  return () => clearInterval(timer);
}

/** Above the list of times, while one of them is kept. @param {Context} context @param {number} now @param {() => void} comeBack */
export function keptBanner({ state, words }, now, comeBack) {
  const visit = state.visit;
  if (!visit?.expires_at || !isOpen(visit) || Date.parse(visit.expires_at) <= now) return null;
  const sentence = words.say('still_kept', { time: words.moment(visit.start) });
  const button = el('button', { class: 'button', type: 'button', onclick: comeBack }, words.say('continue'));
  return el('div', { class: 'banner kept' }, el('p', {}, sentence), button);
}
