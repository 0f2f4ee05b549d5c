/** The package types its lookups but not the list behind them. */
declare module "currency-codes/data" {
  const currencies: { code: string; digits: number }[];
  export default currencies;
}
