/** ISO 4217, the list published on 2026-01-01, and the codes that were withdrawn since 2015. A code is never
 *  deleted here: payments in it are stored, and its decimals are what their amounts mean. Checked against
 *  two other copies in test/unit/domain/money/iso-4217.test.ts; docs/currencies.md says how to bring it up to date. */

/** When the list was published that this table follows. */
export const ISO_4217_PUBLISHED = "2026-01-01";

export type Decimals = 0 | 2 | 3;

/** Currencies that can be paid with, by the number of decimals of their minor unit. */
export const ACTIVE_CODES: Record<Decimals, readonly string[]> = {
  0: codes("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"),
  2: codes(`
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP
    CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
    INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN
    MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE
    SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR
    ZMW ZWG`),
  3: codes("BHD IQD JOD KWD LYD OMR TND"),
};

/** The first day of those that began since 2015. A code that is announced ahead is taken from its day on. */
export const VALID_FROM: Record<string, string> = {
  BYN: "2016-07-01",
  MRU: "2018-01-01",
  STN: "2018-01-01",
  VES: "2018-08-20",
  VED: "2021-10-01",
  SLE: "2022-04-01",
  ZWG: "2024-06-25",
  XCG: "2025-03-31",
};

/** Withdrawn codes: the first day on which payments were no longer possible, or on which ISO withdrew the code. */
export const WITHDRAWN: Record<string, { decimals: Decimals; withdrawn_on: string }> = {
  LTL: { decimals: 2, withdrawn_on: "2015-01-01" },
  BYR: { decimals: 0, withdrawn_on: "2017-01-01" },
  STD: { decimals: 2, withdrawn_on: "2018-01-01" },
  MRO: { decimals: 2, withdrawn_on: "2018-07-01" },
  VEF: { decimals: 2, withdrawn_on: "2018-08-20" },
  CUC: { decimals: 2, withdrawn_on: "2021-07-01" },
  HRK: { decimals: 2, withdrawn_on: "2023-01-01" },
  SLL: { decimals: 2, withdrawn_on: "2024-01-01" },
  ZWL: { decimals: 2, withdrawn_on: "2024-09-01" },
  ANG: { decimals: 2, withdrawn_on: "2025-07-01" },
  BGN: { decimals: 2, withdrawn_on: "2026-01-01" },
};

/** Codes of the list that name no money one can pay with: metals, bond and accounting units, funds, test and
 *  "no currency" codes. Most have no minor unit, CLF and UYW have four decimals. */
export const NOT_MONEY: readonly string[] = codes(`
  BOV CHE CHW CLF COU MXV USN UYI UYW XAD XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX`);

function codes(text: string): string[] {
  return text.trim().split(/\s+/);
}
