package types

// ReportsAreContradicted reports whether nodes that have reported a missing input pay a fee
// for it. They do if all seats of the round are taken and at least as many nodes have
// committed as have reported, because a node that has committed has fetched the inputs.
func ReportsAreContradicted(committed, reports uint32) bool {
	return reports > 0 && committed >= reports
}
