/* The loader. Turns <frontdesk-booking clinic="…"> into a booking page of the right height that survives a reload.
   The <iframe> inside works without it. It tells the host page which step the patient is on, and nothing else. */
{
  const script = /** @type {HTMLScriptElement | null} */ (
    document.currentScript ?? document.querySelector('script[src*="/embed.js"]')
  );
  const home = new URL(script?.src ?? location.href).origin;

  class FrontdeskBooking extends HTMLElement {
    /** @type {HTMLIFrameElement | null} */
    #frame = null;
    #step = '';

    connectedCallback() {
      addEventListener('message', this);
      if (!this.querySelector('iframe') && document.readyState === 'loading') {
        addEventListener('DOMContentLoaded', () => this.#start(), { once: true });
      } else this.#start();
    }

    disconnectedCallback() {
      removeEventListener('message', this);
    }

    #start() {
      let frame = this.querySelector('iframe');
      if (!frame) {
        const address = new URL(`/book/${this.getAttribute('clinic')}`, home);
        for (const name of ['service', 'provider', 'lang']) {
          const value = this.getAttribute(name);
          if (value) address.searchParams.set(name, value);
        }
        const token = this.#remembered('token');
        if (token) address.hash = `t=${token}`;
        frame = document.createElement('iframe');
        frame.src = address.href;
        frame.title = this.getAttribute('label') ?? 'Book an appointment';
        frame.allow = 'payment *';
        frame.height = '640';
        this.append(frame);
      }
      frame.style.cssText = 'display:block;width:100%;border:0';
      this.#frame = frame;
      // The page may be there already, or come later, or come again from the payment page.
      frame.addEventListener('load', () => this.#greet());
      // Until it is there, the frame holds an empty document of the host's own.
      if (frame.contentDocument?.URL !== 'about:blank') this.#greet();
    }

    #greet() {
      // A frame that stood in the HTML gets its token here: a new fragment would load the page a second time,
      // and after a reload of the host Chromium does not follow it at all.
      const hello = { frontdesk: 'hello', token: this.#remembered('token') };
      this.#frame?.contentWindow?.postMessage(hello, home);
    }

    /** @param {MessageEvent} event */
    handleEvent({ origin, source, data }) {
      const frame = this.#frame;
      if (!frame || origin !== home || source !== frame.contentWindow || typeof data?.frontdesk !== 'string')
        return;
      const { frontdesk: kind, height, step, token } = data;
      if (kind === 'size' && height > 0 && height < 20000) frame.style.height = `${Math.ceil(height)}px`;
      if (kind === 'token' && /^[\w-]{0,64}$/.test(token)) this.#remember('token', token);
      if (kind === 'step' && /^[a-z]{1,16}$/.test(step) && step !== this.#step) {
        const first = !this.#step;
        this.#step = step;
        if (!first && this.getBoundingClientRect().top < 0) this.scrollIntoView();
        this.#tell('step', { step });
        const visit = this.#remembered('token');
        if (step === 'done' && visit && this.#remembered('booked') !== visit) {
          this.#remember('booked', visit);
          this.#tell('booked', {});
        }
      }
    }

    /** @param {string} name @param {Record<string, string>} detail */
    #tell(name, detail) {
      this.dispatchEvent(new CustomEvent(`frontdesk:${name}`, { detail, bubbles: true, composed: true }));
    }

    /** @param {string} name */
    #key(name) {
      return `frontdesk:${home}:${this.getAttribute('clinic')}:${name}`;
    }

    /** @param {string} name @returns {string} */
    #remembered(name) {
      try {
        return sessionStorage.getItem(this.#key(name)) ?? '';
      } catch {
        return ''; // a host that denies storage loses the resume after a reload, nothing else
      }
    }

    /** @param {string} name @param {string} value */
    #remember(name, value) {
      try {
        sessionStorage.setItem(this.#key(name), value);
      } catch {
        return;
      }
    }
  }

  customElements.get('frontdesk-booking') ?? customElements.define('frontdesk-booking', FrontdeskBooking);
}
