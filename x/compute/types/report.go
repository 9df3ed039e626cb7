package types

// ReportsAreContradicted reports whether nodes that have reported a missing input pay a fee for
// it: at least as many nodes have committed to a round whose seats are all taken, and a node
// that has committed has fetched the inputs.
func ReportsAreContradicted(committed, reports uint32) bool {
	return reports > 0 && committed >= reports
}
