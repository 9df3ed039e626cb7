package types

import (
	stdmath "math"
	"math/big"
	"math/bits"
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// GrantFuel is the amount of executor fuel that the price of a grant is for.
const GrantFuel = 1_000_000_000

// FuelPay returns the price of an amount of fuel, truncated, if GrantFuel costs price.
func FuelPay(price math.Int, fuel math.Int) math.Int {
	n := new(big.Int).Mul(price.BigInt(), fuel.BigInt()) // the product may be larger than a math.Int
	return math.NewIntFromBigInt(n.Quo(n, big.NewInt(GrantFuel)))
}

// GrantRequest asks x/rewards to pay for a job by a grant.
type GrantRequest struct {
	// Grant is the number of the grant, and Requester the account that posts the job.
	Grant     uint64
	Requester sdk.AccAddress
	Program   []byte
	Class     string
	Policy    PolicyKind
	// Reward is what a replica may earn with a task, and Fuel what it may use for it.
	Reward sdk.Coin
	Fuel   uint64
	// FuelPerBlock is the most fuel that a chunk may use per block of its commit window.
	FuelPerBlock uint64
	// Encumbered is the amount of the budget that the job may use.
	Encumbered math.Int
	// Cost is taken from the deposit. It is in escrow already.
	Cost sdk.Coins
}

// GrantCredit is the pay of one replica or auditor of an accepted result.
type GrantCredit struct {
	Grant    *JobGrant
	Operator sdk.AccAddress
	Class    string
	// Denom is that of the grant.
	Denom string
	// Fuel is what the accepted result used for the tasks that the node has executed.
	Fuel uint64
	// Most bounds the pay, and Less is deducted from it, in the denom of the grant.
	Most, Less math.Int
	From       CreditOrigin
}

// CheckGrant checks that a grant may pay for a spec: that its results are verified by nodes
// that the lot draws, and that honest machines cannot differ about them. It returns
// ErrInvalidSpec or ErrUnsupported.
func (s *JobSpec) CheckGrant(p Params) error {
	if kind := s.Policy.Kind; kind != POLICY_KIND_QUORUM && kind != POLICY_KIND_AUDIT {
		return ErrUnsupported.Wrapf("grant: policy: expected %s or %s, found %s; a grant pays for results that the chain verifies",
			POLICY_KIND_QUORUM, POLICY_KIND_AUDIT, kind)
	}
	if s.Policy.OwnRisk || !slices.Contains(p.DeterministicExecutors, s.Executor) {
		return ErrUnsupported.Wrapf("grant: expected one of the deterministic executors %v without own_risk, found %s; see the params", p.DeterministicExecutors, s.Executor)
	}
	if s.Placement.Narrows() {
		return ErrInvalidSpec.Wrap("grant: placement: expected none, because any node of the class may earn a grant; leave it out")
	}
	return nil
}

// fuelPerBlock returns how much fuel a chunk may use per block of its commit window, rounded up,
// or the largest number if the result is larger, which no grant allows.
func (s *JobSpec) fuelPerBlock() uint64 {
	blocks := max(1, s.CommitBlocks)
	high, low := bits.Mul64(s.Resources.Fuel, s.PerChunk())
	if high >= blocks {
		return stdmath.MaxUint64
	}
	each, rest := bits.Div64(high, low, blocks)
	if rest > 0 && each < stdmath.MaxUint64 {
		each++
	}
	return each
}

// NewGrantRequest returns the request for a valid spec. perTask is what a task encumbers.
func NewGrantRequest(requester sdk.AccAddress, s *JobSpec, perTask math.Int, cost sdk.Coins) GrantRequest {
	return GrantRequest{
		Grant: s.Grant, Requester: requester, Program: s.Program.Sha256, Class: s.Class, Policy: s.Policy.Kind,
		Reward: s.Reward, Fuel: s.Resources.Fuel, FuelPerBlock: s.fuelPerBlock(),
		Encumbered: perTask.Mul(math.NewIntFromUint64(s.Tasks)), Cost: cost,
	}
}

// GrantReserve returns what a task of a job that a grant pays for takes from the deposit, in the
// reward's denom: the attempt fees of its first round and of the judges that may join it, and
// what its draws may cost. Its results are paid with new coins.
func (p Params) GrantReserve(reward math.Int, policy Policy, seatFee math.Int) math.Int {
	seats := int64(policy.Replicas) + int64(policy.Auditors) + int64(p.Escalation[0])
	return p.AttemptFee(reward).MulRaw(seats).Add(drawReserve(seatFee, policy))
}

// vacancies returns how many seats of a task that a grant pays for may be vacated. Each of them
// uses up the budget of a seat: otherwise a grantee could have seats drawn again, at the chain's
// expense, until nodes of their own hold them.
func (p *Policy) vacancies() int64 { return int64(p.Replicas) + spareSeats }

// GrantEncumbrance returns what a task encumbers of a grant's budget, in the reward's denom: the
// pay of its first round with all auditors, and that of the seats that may be vacated.
func GrantEncumbrance(reward math.Int, policy Policy) math.Int {
	return reward.MulRaw(int64(policy.Replicas) + int64(policy.Auditors) + policy.vacancies())
}

// EncumbranceOf returns what so many tasks encumber, in the reward's denom; 0 without a grant.
func (j *Job) EncumbranceOf(tasks uint64) math.Int {
	if j.Grant == nil {
		return math.ZeroInt()
	}
	return j.Grant.Encumbered.Mul(math.NewIntFromUint64(tasks))
}

// VacatedOut reports whether so many seats have been vacated that a grant pays for no more.
func (j *Job) VacatedOut(seats int) bool {
	return j.Grant != nil && int64(seats) >= j.Policy.vacancies()
}
