package types

const (
	// maxTerms bounds the number of terms that are remembered. The doubling of terms reaches
	// its maximum long before that.
	maxTerms = 32
	// maxFaultPoints bounds the points in the parameters, so that their sum cannot overflow.
	maxFaultPoints = 1_000_000
)

// CountFault counts a fault at a height, which may be reported later, and reports whether it
// jails the node from now on. While a term runs, no further fault is counted: such a fault
// concerns work that the node took on before the term, and one crash of a busy machine must
// not lead to several terms.
//
// Points add up within a window, which begins with its first fault. A fault that is reported
// late counts if it lies less than a window before that first fault; an older fault is
// forgotten. All points of a term therefore lie within less than two windows.
func (r *JailRecord) CountFault(rules JailRules, reason string, at, now int64) bool {
	window := int64(rules.FaultWindow) //nolint:gosec // at most 2^48
	if now < r.Until || r.Until > 0 && at < r.Until {
		return false
	}
	r.Forgive(rules, at)
	r.CleanSince = max(r.CleanSince, at)
	switch {
	case r.Points == 0 || at-r.WindowStart >= window:
		r.WindowStart, r.Points = at, 0
	case r.WindowStart-at >= window:
		return false
	}
	r.Points += rules.Points(reason)
	if r.Points < rules.FaultsToJail {
		return false
	}
	r.Until = now + rules.Term(r.Terms)
	r.Terms = min(r.Terms+1, maxTerms)
	r.WindowStart, r.Points, r.CleanSince = 0, 0, r.Until
	return true
}

// Forgive forgets one term for every clean period since the last fault.
func (r *JailRecord) Forgive(rules JailRules, height int64) {
	if r.Terms == 0 || height <= r.CleanSince {
		return
	}
	clean := int64(rules.CleanBlocks) //nolint:gosec // 1 to 2^48
	periods := (height - r.CleanSince) / clean
	r.Terms -= uint32(min(periods, int64(r.Terms))) //nolint:gosec // at most terms
	r.CleanSince += periods * clean
}

// ForgottenAt returns the height at which no term is remembered any more, if no further fault
// occurs. It returns 0 if no term is remembered now.
func (r JailRecord) ForgottenAt(rules JailRules) int64 {
	if r.Terms == 0 {
		return 0
	}
	return r.CleanSince + int64(r.Terms)*int64(rules.CleanBlocks) //nolint:gosec // at most 2^5 * 2^48
}

// Since returns the record in the heights of a chain whose height 0 is the given height.
// Earlier heights become negative, except for the end of a term that is over, which becomes 0.
func (r JailRecord) Since(height int64) JailRecord {
	r.Until = max(0, r.Until-height)
	if r.Points > 0 {
		r.WindowStart -= height
	} else {
		r.WindowStart = 0
	}
	if r.Terms > 0 {
		r.CleanSince -= height
	} else {
		r.CleanSince = 0
	}
	return r
}

// Points returns the points of a fault that count towards jail.
func (j JailRules) Points(reason string) uint32 {
	switch reason {
	case ReasonWrongResult:
		return j.WrongPoints
	case ReasonNoReveal:
		return j.SilentPoints
	default:
		return j.MissedPoints
	}
}

// Term returns the length of a term in blocks, given the number of earlier terms that are
// remembered. It is jail_blocks * 2^terms, at most max_jail_blocks.
func (j JailRules) Term(terms uint32) int64 {
	if terms >= 64 || j.JailBlocks > j.MaxJailBlocks>>terms {
		return int64(j.MaxJailBlocks) //nolint:gosec // at most 2^48
	}
	return int64(j.JailBlocks << terms) //nolint:gosec // at most max_jail_blocks
}

func (j JailRules) validate() error {
	if j.FaultsToJail == 0 || j.FaultsToJail > maxFaultPoints {
		return ErrInvalidParams.Wrapf("jail.faults_to_jail: expected 1 to %d points, found %d", maxFaultPoints, j.FaultsToJail)
	}
	points := []struct {
		name  string
		found uint32
	}{{"missed_points", j.MissedPoints}, {"wrong_points", j.WrongPoints}, {"silent_points", j.SilentPoints}}
	for _, p := range points {
		if p.found > maxFaultPoints {
			return ErrInvalidParams.Wrapf("jail.%s: expected at most %d, found %d", p.name, maxFaultPoints, p.found)
		}
	}
	periods := []struct {
		name  string
		found uint64
	}{{"fault_window", j.FaultWindow}, {"jail_blocks", j.JailBlocks}, {"max_jail_blocks", j.MaxJailBlocks}, {"clean_blocks", j.CleanBlocks}}
	for _, p := range periods {
		if err := checkPeriod("jail."+p.name, p.found); err != nil {
			return err
		}
	}
	if j.MaxJailBlocks < j.JailBlocks {
		return ErrInvalidParams.Wrapf("jail.max_jail_blocks: expected at least jail_blocks of %d, found %d", j.JailBlocks, j.MaxJailBlocks)
	}
	return nil
}
