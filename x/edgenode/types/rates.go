package types

import "slices"

// RateOf returns the executor fuel that the node uses per block of a commit window under an
// executor profile. 0 means that the operator has not declared it.
func (l TaskLimits) RateOf(executor string) uint64 {
	at := slices.IndexFunc(l.Rates, func(r ExecutorRate) bool { return r.Executor == executor })
	if at < 0 {
		return l.FuelPerBlock
	}
	return l.Rates[at].FuelPerBlock
}

// checkRates returns ErrInvalidProfile for rates that cannot be declared.
func checkRates(rates []ExecutorRate) error {
	if len(rates) > MaxExecutors {
		return ErrInvalidProfile.Wrapf("limits: rates: expected at most %d profiles, found %d", MaxExecutors, len(rates))
	}
	for i, rate := range rates {
		if !isExecutor(rate.Executor) {
			return ErrInvalidProfile.Wrapf("limits: rates: expected a profile as in \"wasm/1\" of at most %d bytes, found %q", MaxExecutorBytes, rate.Executor)
		}
		if i > 0 && rates[i-1].Executor >= rate.Executor {
			return ErrInvalidProfile.Wrapf("limits: rates: expected each profile once, sorted, found %q after %q", rate.Executor, rates[i-1].Executor)
		}
		if rate.FuelPerBlock > MaxLimit {
			return ErrInvalidProfile.Wrapf("limits: rates: %s: expected at most %d, or 0 to leave it undeclared, found %d", rate.Executor, uint64(MaxLimit), rate.FuelPerBlock)
		}
	}
	return nil
}
