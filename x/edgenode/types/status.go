package types

// CanBecome reports whether a node may change from one status to another. The table is the
// state diagram of the module's README. UNSPECIFIED stands for a node without a record, and
// RETIRED -> ACTIVE is a registration over a closed record. A pause, an unjailing and a
// renewed lease all lead to or from ACTIVE, so each of them also checks the status from which
// it starts.
func (s NodeStatus) CanBecome(to NodeStatus) bool {
	switch s {
	case NODE_STATUS_UNSPECIFIED:
		return to == NODE_STATUS_ACTIVE
	case NODE_STATUS_ACTIVE:
		return to == NODE_STATUS_PAUSED || to == NODE_STATUS_RETIRED || to == NODE_STATUS_JAILED || to == NODE_STATUS_LAPSED
	case NODE_STATUS_PAUSED:
		return to == NODE_STATUS_ACTIVE || to == NODE_STATUS_RETIRED || to == NODE_STATUS_JAILED
	case NODE_STATUS_JAILED:
		return to == NODE_STATUS_ACTIVE || to == NODE_STATUS_RETIRED
	case NODE_STATUS_LAPSED:
		return to == NODE_STATUS_ACTIVE || to == NODE_STATUS_PAUSED || to == NODE_STATUS_RETIRED || to == NODE_STATUS_JAILED
	case NODE_STATUS_RETIRED:
		return to == NODE_STATUS_ACTIVE || to == NODE_STATUS_RETIRED
	default:
		return false
	}
}

// Title returns the status in lower case for people, e.g. "active".
func (s NodeStatus) Title() string {
	switch s {
	case NODE_STATUS_ACTIVE:
		return "active"
	case NODE_STATUS_PAUSED:
		return "paused"
	case NODE_STATUS_RETIRED:
		return "retired"
	case NODE_STATUS_JAILED:
		return "jailed"
	case NODE_STATUS_LAPSED:
		return "lapsed"
	case NODE_STATUS_UNSPECIFIED:
		return "unspecified"
	default:
		return "unknown"
	}
}
