package types

// ReportsAreFalse says whether those who have reported that an input is not there pay for
// their seats themselves: at least as many have committed to a round whose seats are all
// taken, and whoever has committed has fetched the inputs. Where fewer have, the requester
// pays, as he does where the round never comes as far.
func ReportsAreFalse(committed, reports uint32) bool { return reports > 0 && committed >= reports }
