package types

import (
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// MaxYieldsLimit bounds max_yields.
const MaxYieldsLimit = 1_000

// YieldRequest names an assignment that its node gives up before it has committed.
type YieldRequest struct {
	// Operator is the operator of the node.
	Operator sdk.AccAddress
	// Liability is the amount that the assignment locked, in units of the bond denom. It is
	// given back with the slot.
	Liability math.Int
	// Fee is the amount that is burned from the bond, at most the liability, in units of the bond
	// denom.
	Fee math.Int
	// Excusable reports whether the yield may be one of those that do not count towards jail.
	Excusable bool
	// JobID and Task say which task was given up.
	JobID string
	Task  uint64
}

// Validate refuses requests that no caller makes on purpose.
func (r YieldRequest) Validate() error {
	if err := CheckLiability(r.Liability); err != nil {
		return err
	}
	if r.Fee.IsNil() || r.Fee.IsNegative() {
		return ErrInvalidSlash.Wrapf("expected a fee of 0 or more, found %s", r.Fee)
	}
	return nil
}

// YieldOutcome says what a yield cost.
type YieldOutcome struct {
	// Burned is the amount that was burned from the bond, in units of the bond denom.
	Burned math.Int
	// Excused reports whether the yield does not count towards jail, whatever the other nodes of
	// the task do. If it is false, the caller treats the yield like a missed deadline.
	Excused bool
}

// YieldsLeft returns how many tasks the node may still yield at a height without a point towards
// jail. The window of the yields before may be over, and governance may have lowered max_yields
// below their number.
func (s NodeState) YieldsLeft(params Params, height int64) uint32 {
	if s.Yields == 0 || s.yieldWindowOver(params, height) {
		return params.MaxYields
	}
	return params.MaxYields - min(s.Yields, params.MaxYields)
}

// CountYield counts a yield at a height, and reports whether it is excused. Yields add up within a
// window, which begins with the first of them. At most max_yields are excused within a window, and
// at most twice as many within any number of blocks that is as long as a window. A yield that is
// not excused does not change the count.
func (s *NodeState) CountYield(params Params, height int64) bool {
	if s.YieldsLeft(params, height) == 0 {
		return false
	}
	if s.Yields == 0 || s.yieldWindowOver(params, height) {
		s.Yields, s.YieldsSince = 0, height
	}
	s.Yields++
	return true
}

func (s NodeState) yieldWindowOver(params Params, height int64) bool {
	return height-s.YieldsSince >= int64(params.YieldWindow) //nolint:gosec // at most 2^48
}

// RestartYields moves the window of yields to the heights of a chain whose height 0 is the given
// height. Its beginning is then 0 or below.
func (s *NodeState) RestartYields(params Params, height int64) {
	if s.Yields == 0 || s.yieldWindowOver(params, height) {
		s.Yields, s.YieldsSince = 0, 0
		return
	}
	s.YieldsSince -= height
}
