// A text to try the page with, written for it.
export const sample = `Hyponatraemia and tremor in a patient treated with lithium and carbamazepine
A 61-year-old woman with bipolar disorder had taken lithium carbonate for nine years. Carbamazepine was added because of recurrent mania. Within three weeks she developed a coarse tremor, ataxia and confusion, and her serum sodium fell to 121 mmol/L. Renal function and thyroid-stimulating hormone were normal. Carbamazepine was stopped, and hyponatraemia resolved in five days; the tremor improved after the dose of lithium was lowered. Carbamazepine-induced hyponatraemia may raise the risk of lithium toxicity, and sodium should be measured before both drugs are combined.
`;
