/* The loader: gives the booking page its height, keeps its token over a reload, and says which step it is at.
   The <iframe> inside works without it. */
{
  const script = /** @type {HTMLScriptElement} */ (
    document.currentScript ?? document.querySelector('script[src*="/embed.js"]')
  );
  const home = new URL(script.src).origin;

  class FrontdeskBooking extends HTMLElement {
    #frame = document.createElement('iframe');
    #step = '';

    connectedCallback() {
      addEventListener('message', this);
      const found = this.querySelector('iframe');
      if (found || document.readyState !== 'loading') this.#start(found);
      else
        addEventListener('DOMContentLoaded', () => this.#start(this.querySelector('iframe')), { once: true });
    }

    disconnectedCallback() {
      removeEventListener('message', this);
    }

    /** @param {HTMLIFrameElement | null} found */
    #start(found) {
      const frame = found ?? this.#frame;
      this.#frame = frame;
      if (!found) {
        const address = new URL(`/book/${this.getAttribute('clinic')}`, home);
        for (const name of ['service', 'provider', 'lang']) {
          const value = this.getAttribute(name);
          if (value) address.searchParams.set(name, value);
        }
        const token = this.#kept('token');
        if (token) address.hash = `t=${token}`;
        Object.assign(frame, { src: address, title: 'Book an appointment', allow: 'payment *', height: 640 });
        this.append(frame);
      }
      frame.style.cssText = 'display:block;width:100%;border:0';
      frame.addEventListener('load', () => this.#greet());
      // Until the page is there, the frame holds an empty document of the host's own.
      if (frame.contentDocument?.URL !== 'about:blank') this.#greet();
    }

    // The token again: after a reload of the host, Chromium does not follow a new fragment of a frame in the HTML.
    #greet() {
      this.#frame.contentWindow?.postMessage({ frontdesk: 'hello', token: this.#kept('token') }, home);
    }

    /** @param {MessageEvent} event */
    handleEvent({ origin, source, data }) {
      if (origin !== home || source !== this.#frame.contentWindow) return;
      const { frontdesk: kind, height, step, token } = data ?? {};
      if (kind === 'size' && height > 0 && height < 20000)
        this.#frame.style.height = `${Math.ceil(height)}px`;
      if (kind === 'token' && /^[\w-]{0,64}$/.test(token)) this.#kept('token', token);
      if (kind === 'step' && /^[a-z]{1,16}$/.test(step) && step !== this.#step) {
        if (this.#step && this.getBoundingClientRect().top < 0) this.scrollIntoView();
        this.#step = step;
        this.#tell('step', { step });
        const visit = this.#kept('token');
        if (step === 'done' && this.#kept('booked') !== visit) {
          this.#kept('booked', visit);
          this.#tell('booked', {});
        }
      }
    }

    /** @param {string} name @param {object} detail */
    #tell(name, detail) {
      this.dispatchEvent(new CustomEvent(`frontdesk:${name}`, { detail, bubbles: true }));
    }

    /** A host that denies storage loses the resume, nothing else. @param {string} name @param {string} [value] */
    #kept(name, value) {
      const key = `frontdesk:${home}:${this.getAttribute('clinic')}:${name}`;
      try {
        if (value !== undefined) sessionStorage.setItem(key, value);
        return sessionStorage.getItem(key) ?? '';
      } catch {
        return '';
      }
    }
  }

  customElements.get('frontdesk-booking') ?? customElements.define('frontdesk-booking', FrontdeskBooking);
}
