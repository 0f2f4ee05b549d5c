/** Coarse exchange rates of late 2025, only to draw the default fraud rules' thresholds. Never for money: nothing is
 *  converted by them, and no amount of a payment is touched. Each is rounded to 1, 1.5, 2, 2.5, 3, 4, 5, 6 or 8
 *  times a power of ten; where official and market rates are far apart (IRR, LBP, SSP, CUP …) it is the one that
 *  shops reckon with. Written by hand, so a currency that has lost much of its value since is due for a new one. */

/** When the rates were written down. */
export const REFERENCE_RATES_OF = "2025-12";

/** How much a US dollar is, in thousandths of a unit, and in which currencies. */
const RATES: readonly (readonly [number, string])[] = [
  [300, "KWD"],
  [400, "BHD OMR"],
  [800, "CHF EUR FKP GBP GIP JOD KYD SHP"],
  [1_000, "BMD BSD PAB USD"],
  [1_500, "AUD AZN BAM BGN BND CAD NZD SGD"],
  [2_000, "ANG AWG BBD BZD XCG"],
  [2_500, "FJD GEL TOP XCD"],
  [3_000, "BYN ILS PEN TMT TND WST"],
  [4_000, "AED MYR PGK PLN QAR RON SAR"],
  [5_000, "BRL LYD"],
  [6_000, "BOB DKK TTD"],
  [8_000, "CNY GTQ HKD MOP SBD SVC"],
  [10_000, "GHS MAD NOK SEK TJS"],
  [15_000, "BWP ERN LSL MDL MVR NAD SCR SZL ZAR"],
  [20_000, "CZK MXN STN"],
  [25_000, "HNL SLE ZMW ZWG"],
  [30_000, "THB TWD"],
  [40_000, "MRU NIO SRD TRY UAH UYU"],
  [50_000, "EGP MKD MUR"],
  [60_000, "AFN DOP MZN PHP"],
  [80_000, "ALL GMD KGS RUB"],
  [100_000, "BDT BTN CUP CVE INR RSD VUV XPF"],
  [150_000, "DZD ETB HTG ISK JMD JPY KES NPR"],
  [200_000, "DJF GYD LRD"],
  [250_000, "VED VES"],
  [300_000, "HUF LKR PKR"],
  [400_000, "AMD KMF"],
  [500_000, "CRC KZT YER"],
  [600_000, "SDG SOS XAF XOF"],
  [1_000_000, "AOA CLP KPW"],
  [1_500_000, "ARS IQD KRW NGN RWF"],
  [2_000_000, "MMK MWK"],
  [2_500_000, "CDF TZS"],
  [3_000_000, "BIF"],
  [4_000_000, "COP KHR MGA MNT UGX"],
  [5_000_000, "SSP"],
  [8_000_000, "GNF PYG"],
  [10_000_000, "SYP UZS"],
  [15_000_000, "IDR"],
  [20_000_000, "LAK"],
  [25_000_000, "VND"],
  [100_000_000, "LBP"],
  [1_000_000_000, "IRR"],
];

/** Thousandths of a unit for one US dollar, for every currency that is valid. One that is withdrawn keeps its rate:
 *  until the day it is taken like any other. */
export const THOUSANDTHS_PER_USD: ReadonlyMap<string, number> = new Map(
  RATES.flatMap(([rate, codes]) => codes.split(" ").map((code): [string, number] => [code, rate])),
);
