/* The page's words, and dates, times and money by Intl. A time is shown in the clinic's zone unless it says whose. */

/** @import { Clinic, PageData, Visit } from './types.js' */

export class Words {
  /** @param {PageData} data */
  constructor(data) {
    /** @type {Record<string, string & string[]>} */
    this.words = data.words;
    this.locale = data.locale;
    this.zone = data.clinic.time_zone;
    /** @type {Clinic} */
    this.clinic = data.clinic;
    this.today = data.today;
    this.plural = new Intl.PluralRules(data.locale);
    /** @type {Map<string, Intl.DateTimeFormat>} */
    this.formats = new Map();
  }

  /** @param {string} key @param {Record<string, string | number>} [values] @returns {string} */
  say(key, values = {}) {
    return String(this.words[key]).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
  }

  /** @param {string} key @param {number} n */
  count(key, n) {
    const exact = `${key}_${this.plural.select(n)}`;
    return this.say(exact in this.words ? exact : `${key}_other`, { n });
  }

  /** @param {number} minor @param {boolean} [exact] false drops a fraction of nothing but zeros */
  money(minor, exact = true) {
    const { currency, currency_exponent: digits } = this.clinic;
    const whole = !exact && minor % 10 ** digits === 0;
    return new Intl.NumberFormat(this.locale, {
      style: 'currency',
      currency,
      minimumFractionDigits: whole ? 0 : digits,
      maximumFractionDigits: whole ? 0 : digits,
    }).format(minor / 10 ** digits);
  }

  /** @param {string | Date} at @param {Intl.DateTimeFormatOptions} options @param {string} [zone] */
  format(at, options, zone = this.zone) {
    const key = JSON.stringify([options, zone]);
    let format = this.formats.get(key);
    if (!format)
      this.formats.set(key, (format = new Intl.DateTimeFormat(this.locale, { ...options, timeZone: zone })));
    return format.format(new Date(at));
  }

  /** @param {string} at */
  time(at, zone = this.zone) {
    return this.format(at, { hour: 'numeric', minute: '2-digit' }, zone);
  }

  /** A calendar day has no zone: noon in UTC stands for it. @param {string} day YYYY-MM-DD */
  day(day, /** @type {'long' | 'short'} */ size = 'long') {
    return this.format(`${day}T12:00:00Z`, { weekday: size, month: size, day: 'numeric' }, 'UTC');
  }

  /** @param {string} day */
  monthDay(day) {
    return this.format(`${day}T12:00:00Z`, { month: 'short', day: 'numeric' }, 'UTC');
  }

  /** @param {string} day */
  weekday(day) {
    return this.format(`${day}T12:00:00Z`, { weekday: 'short' }, 'UTC').slice(0, 3);
  }

  /** @param {string} day */
  nearDay(day) {
    if (day === this.today) return this.say('today');
    if (day === plusDays(this.today, 1)) return this.say('tomorrow');
    return this.day(day, 'short');
  }

  /** @param {string} at */
  moment(at, zone = this.zone) {
    return `${this.format(at, { weekday: 'long', month: 'long', day: 'numeric' }, zone)}, ${this.time(at, zone)}`;
  }

  /** @param {string | number} at @param {string} [key] */
  zoneName(at, key = 'zone_short') {
    const parts = new Intl.DateTimeFormat(this.locale, { timeZone: this.zone, timeZoneName: 'short' });
    const zone = parts.formatToParts(new Date(at)).find((part) => part.type === 'timeZoneName')?.value ?? '';
    return this.say(key, { city: city(this.zone), zone });
  }

  /** The patient's own time, for a remote visit, where it differs. @param {Visit} visit */
  elsewhere(visit) {
    const zone = visit.patient_time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (visit.mode !== 'remote' || !zone) return '';
    const clock = /** @type {const} */ ({ dateStyle: 'short', timeStyle: 'short' });
    if (this.format(visit.start, clock, zone) === this.format(visit.start, clock)) return '';
    return this.say('your_time', { time: this.moment(visit.start, zone), city: city(zone) });
  }

  /** @param {Visit} visit */
  place(visit) {
    return visit.mode === 'in_person' ? visit.clinic_address : this.say(visit.mode);
  }
}

/** @param {string} zone */
const city = (zone) => zone.slice(zone.lastIndexOf('/') + 1).replaceAll('_', ' ');

/** @param {string} day YYYY-MM-DD @param {number} days */
export function plusDays(day, days) {
  const moved = new Date(`${day}T12:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
}
