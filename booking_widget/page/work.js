/* Work that may fail: one piece at a time, and what failed can be tried again as it was, with the same key. */

import { Problem, Unreachable } from './api.js';
import { byId, el } from './el.js';

/** @import { Words } from './words.js' */
/** @typedef {() => Promise<void>} Work */

/**
 * @param {HTMLElement} page
 * @param {Words} words
 * @param {() => void} failed
 */
export function createWork(page, words, failed) {
  let busy = false;
  /** @type {Work | null} */
  let waiting = null;
  /** @type {Work} */
  let broken = async () => {};

  /**
   * A second tap meanwhile is dropped, but a move through the history (`must`) waits for its turn: the address has
   * changed already.
   * @param {Work} work @param {boolean} [must] @returns {Promise<void>}
   */
  async function attempt(work, must = false) {
    if (busy) {
      if (must) waiting = work;
      return;
    }
    busy = true;
    byId('trouble')?.remove();
    page.setAttribute('aria-busy', 'true');
    try {
      await work();
    } catch (error) {
      broken = work;
      failed();
      complain(error);
    } finally {
      busy = false;
      page.removeAttribute('aria-busy');
      const then = waiting;
      waiting = null;
      if (then) attempt(then);
    }
  }

  /** @param {unknown} error */
  function complain(error) {
    const known = error instanceof Problem || error instanceof Unreachable;
    const sentence = error instanceof Unreachable ? words.say('offline') : known && error.message;
    const again = el(
      'button',
      { class: 'button', type: 'button', onclick: () => attempt(broken) },
      words.say('retry'),
    );
    const banner = el('div', { class: 'banner bad', id: 'trouble', role: 'alert' });
    banner.append(el('p', {}, sentence || words.say('busy')), again);
    page.before(banner);
    banner.scrollIntoView({ block: 'nearest' });
    if (!known) throw error;
  }

  addEventListener('online', () => byId('trouble') && attempt(broken));
  return { attempt, isBusy: () => busy };
}
