package adversary

import (
	"context"
	"errors"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/sidecar/chain"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// money is what an owner has on the chain, in atfuel. Fees of workers come from their
// operator's balance by fee grant, so that nothing is missing.
type money struct {
	// balance of all accounts.
	balance math.Int
	// bond of all nodes, including what is unbonding.
	bond math.Int
	// earned is pay that has not been claimed.
	earned math.Int
}

// total returns everything that an owner could turn into coins.
func (m money) total() math.Int { return m.balance.Add(m.bond).Add(m.earned) }

// purse contains the accounts and nodes of one owner.
type purse struct {
	accounts  []string
	operators []string
}

// purseOf returns the purse of the owner of some nodes and accounts.
func purseOf(hands []*hand, accounts ...string) purse {
	p := purse{accounts: accounts}
	for _, h := range hands {
		p.accounts = append(p.accounts, h.address())
		p.operators = append(p.operators, h.address())
	}
	return p
}

// read adds up an owner's money according to the chain's current state.
func (s *stage) read(ctx context.Context, p purse) (money, error) {
	m := money{math.ZeroInt(), math.ZeroInt(), math.ZeroInt()}
	for _, account := range p.accounts {
		coin, err := s.reader.Balance(ctx, account, params.BaseDenom)
		if err != nil {
			return m, err
		}
		m.balance = m.balance.Add(coin.Amount)
	}
	for _, operator := range p.operators {
		bond, err := s.bondOf(ctx, operator)
		if err != nil {
			return m, err
		}
		m.bond = m.bond.Add(bond)
		answer, err := rewardstypes.NewQueryClient(s.net.Conn()).Earnings(ctx, &rewardstypes.QueryEarningsRequest{Operator: operator})
		if err != nil {
			return m, err
		}
		m.earned = m.earned.Add(answer.Amount.AmountOf(params.BaseDenom))
	}
	return m, nil
}

// estate is the money of an owner of nodes who also posts or challenges. The two parts are
// separate, because nodes pay only gas from their balance.
type estate struct{ nodes, wallet money }

func (s *stage) readEstate(ctx context.Context, hands []*hand, wallet purse) (e estate, err error) {
	if e.nodes, err = s.read(ctx, purseOf(hands)); err != nil {
		return e, err
	}
	e.wallet, err = s.read(ctx, wallet)
	return e, err
}

// bondOf returns the bond of an operator's node, including what is unbonding. It returns 0 if
// there is no node.
func (s *stage) bondOf(ctx context.Context, operator string) (math.Int, error) {
	node, err := s.reader.NodeOf(ctx, operator)
	if errors.Is(err, chain.ErrNotFound) {
		return math.ZeroInt(), nil
	}
	if err != nil {
		return math.Int{}, err
	}
	bond := node.State.Bond
	answer, err := edgenodetypes.NewQueryClient(s.net.Conn()).Unbondings(ctx, &edgenodetypes.QueryUnbondingsRequest{Operator: operator})
	if err != nil {
		return math.Int{}, err
	}
	for _, unbonding := range answer.Unbondings {
		bond = bond.Add(unbonding.Amount)
	}
	return bond, nil
}

// change is the change of an owner's money between two readings.
type change struct {
	// gain is what came in: pay, shares, and refunds above what was put in.
	gain math.Int
	// loss is what went out: bond, escrow and fees.
	loss math.Int
	// fees is the part of the loss that nodes paid as gas, provided that the owner did not
	// use its balance for anything else.
	fees math.Int
}

// between divides the difference of two readings by sign, entry by entry.
func between(before, after money) change {
	c := change{math.ZeroInt(), math.ZeroInt(), math.ZeroInt()}
	for _, delta := range []math.Int{
		after.balance.Sub(before.balance), after.bond.Sub(before.bond), after.earned.Sub(before.earned),
	} {
		if delta.IsPositive() {
			c.gain = c.gain.Add(delta)
		} else {
			c.loss = c.loss.Add(delta.Neg())
		}
	}
	if spent := before.balance.Sub(after.balance); spent.IsPositive() {
		c.fees = spent
	}
	return c
}

// inTfuel converts an amount of atfuel to whole tfuel, for formulas and reports.
func inTfuel(amount math.Int) float64 {
	value, _ := math.LegacyNewDecFromIntWithPrec(amount, params.DisplayExponent).Float64()
	return value
}
