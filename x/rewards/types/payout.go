package types

// Validate checks that a rule says something, and that it delegates only the operator's own
// coins. The keeper reads the addresses.
func (p Payout) Validate() error {
	switch {
	case p.Empty():
		return ErrInvalidPayout.Wrap("expected an address or a validator, found neither; leave the rule out")
	case p.Address != "" && p.Validator != "":
		return ErrInvalidPayout.Wrapf(
			"expected no validator for coins that are paid to another account, found %s; only the operator's own coins are delegated", p.Validator)
	}
	return nil
}

// Empty reports whether the rule says nothing: the operator is paid, and nothing is delegated.
func (p Payout) Empty() bool { return p.Address == "" && p.Validator == "" }
