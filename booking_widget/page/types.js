/* The shapes that cross the wire, as shared/schemas/booking.py has them. Types only: nothing here runs. */

/** @typedef {{ id: string, name: string, title: string, bio: string }} Provider */
/** @typedef {'remote' | 'in_person' | 'home_visit'} Mode */
/**
 * @typedef {object} Service
 * @property {string} id
 * @property {string} name
 * @property {string} description
 * @property {Mode} mode
 * @property {number} duration_minutes
 * @property {number} price_minor
 * @property {string[]} provider_ids
 * @property {string} policy
 */
/**
 * @typedef {object} Clinic
 * @property {string} slug
 * @property {string} name
 * @property {string} phone
 * @property {string} time_zone
 * @property {string} country
 * @property {string} currency
 * @property {number} currency_exponent
 * @property {string} consent_text
 * @property {string} consent_version
 * @property {number} hold_minutes
 * @property {Service[]} services
 * @property {Provider[]} providers
 */
/** @typedef {{ start: string, end: string, provider_id: string, price_minor: number }} Slot */
/** @typedef {{ token: string, expires_at: string, provider_id: string, start: string }} Hold */
/**
 * @typedef {object} Visit
 * @property {string} reference
 * @property {string} status
 * @property {string | null} payment_status
 * @property {string} clinic_phone
 * @property {string} clinic_address
 * @property {string | null} patient_time_zone
 * @property {string} service_id
 * @property {string} service_name
 * @property {Mode} mode
 * @property {string} provider_name
 * @property {string} start
 * @property {string} end
 * @property {string | null} expires_at
 * @property {string | null} patient_first_name
 * @property {string | null} email_masked
 * @property {string | null} mobile_masked
 * @property {boolean} sms_consent
 * @property {number} total_minor
 * @property {number} paid_minor
 * @property {number} refunded_minor
 * @property {string | null} join_url
 * @property {string} policy
 * @property {string | null} cancellation_cause
 */
/**
 * @typedef {object} PaymentStep
 * @property {'stripe_elements' | 'redirect' | 'none'} kind
 * @property {string | null} [url]
 * @property {string | null} [publishable_key]
 * @property {string | null} [client_secret]
 */
/**
 * @typedef {object} Details
 * @property {string} first_name
 * @property {string} last_name
 * @property {string} email
 * @property {string} mobile
 * @property {boolean} sms_consent
 * @property {string} note
 */
/** @typedef {'pick' | 'held' | 'taken' | 'details' | 'pay' | 'confirming' | 'done' | 'ended'} Step */
/**
 * @typedef {object} PageData What the server wrote into the page.
 * @property {string} base
 * @property {Step} step
 * @property {Clinic} clinic
 * @property {string[]} origins
 * @property {Record<string, string & string[]>} words
 * @property {string} language
 * @property {string} locale
 * @property {string} ask
 * @property {string} now
 * @property {string} today
 * @property {string | null} [service_id]
 * @property {string | null} [provider_id]
 * @property {string} [from]
 * @property {boolean} [settled]
 * @property {Visit} [view]
 * @property {string} [token]
 */
/**
 * @typedef {object} State
 * @property {Step} step
 * @property {string} service_id
 * @property {string} provider_id
 * @property {string} from
 * @property {boolean} settled
 * @property {Slot[]} slots
 * @property {Slot[]} alternatives
 * @property {Visit | null} visit
 * @property {string} token
 * @property {Partial<Details>} typed
 * @property {Map<string, string>} wrong
 * @property {string} refusal
 * @property {boolean} patient
 * @property {string} notice
 */
/**
 * @typedef {object} Acts What a view may ask for.
 * @property {(asked: { service_id?: string, provider_id?: string, from?: string }, focus?: string) => void} look
 * @property {(start: string) => void} choose
 * @property {() => void} leave
 * @property {() => void} restart
 * @property {(typed: Details, wrong: Map<string, string>) => void} submit
 * @property {(typed: Partial<Details>) => void} type
 * @property {() => void} edit
 * @property {() => void} unsettle
 * @property {(mount: HTMLElement, button: HTMLElement) => void} pay
 * @property {() => void} resend
 */
/**
 * @typedef {object} Context
 * @property {PageData} data
 * @property {State} state
 * @property {import('./words.js').Words} words
 * @property {Acts} acts
 */
export {};
