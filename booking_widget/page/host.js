/* The page inside somebody's website. It listens to its parent only, speaks only to an origin that the clinic has
   registered, and says its height, its step and the visit's token: never a name, a time or a service. */

/** @param {string[]} origins the clinic's registered websites @param {(host: Host, token: string) => void} greeted */
export function connectHost(origins, greeted) {
  const host = new Host();
  if (window.parent === window) return host;
  document.documentElement.classList.add('embedded');
  addEventListener('message', ({ source, origin, data }) => {
    if (source !== window.parent || !origins.includes(origin) || data?.frontdesk !== 'hello') return;
    host.origin = origin;
    host.size();
    greeted(host, /^[\w-]{1,64}$/.test(data.token) ? data.token : '');
  });
  new ResizeObserver(() => host.size()).observe(host.page);
  return host;
}

export class Host {
  origin = '';
  page = /** @type {HTMLElement} */ (document.querySelector('.page'));

  /** @param {string} kind @param {object} content */
  tell(kind, content) {
    if (this.origin) window.parent.postMessage({ frontdesk: kind, ...content }, this.origin);
  }

  size() {
    this.tell('size', { height: this.page.getBoundingClientRect().height });
  }
}
