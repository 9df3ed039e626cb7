package agent

import (
	"context"
	"crypto/sha256"
	"fmt"

	"cosmossdk.io/math"

	addresscodec "github.com/cosmos/cosmos-sdk/codec/address"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	"github.com/thetaedge/theta/x/compute/round"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// fakeKeepers contains the dependencies of real rounds outside of a task. Its methods keep
// nothing, because tasks are also loaded for queries. A call of a method that it does not
// implement panics.
type fakeKeepers struct {
	round.Nodes
	round.Records
	c *fakeChain
	t *fakeTask
}

func (c *fakeChain) deps(t *fakeTask) *round.Deps {
	k := fakeKeepers{c: c, t: t}
	return &round.Deps{
		Addresses: addresscodec.NewBech32Codec(params.Bech32Prefix), Bank: k, Beacon: k, Nodes: k, Rewards: k, Records: k,
	}
}

// seedOf returns the randomness of the seed of a height.
func seedOf(height int64) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "seed %d", height))
	return sum[:]
}

// Seed returns the seed of a height from the next block on.
func (k fakeKeepers) Seed(_ context.Context, height int64) (beacontypes.Seed, bool, error) {
	late := k.c.auditSeedsLate && len(k.t.record.Rounds) > 0 && k.t.record.Rounds[0].AuditSeedHeight == height
	if k.c.height <= height || late {
		return beacontypes.Seed{}, false, nil
	}
	return beacontypes.Seed{Randomness: seedOf(height), Height: height + 1}, true, nil
}

func (k fakeKeepers) BurnCoins(context.Context, string, sdk.Coins) error { return nil }

func (k fakeKeepers) CreditReward(_ context.Context, _ sdk.AccAddress, gross sdk.Coin, _ computetypes.CreditOrigin) (sdk.Coin, error) {
	return gross, nil
}

func (k fakeKeepers) CreditShare(context.Context, sdk.AccAddress, sdk.Coin, computetypes.CreditOrigin) error {
	return nil
}

// CreditGrant pays nothing: no job of these tests has a grant.
func (k fakeKeepers) CreditGrant(context.Context, computetypes.GrantCredit) (math.Int, error) {
	return math.ZeroInt(), nil
}

func (k fakeKeepers) GrantRevoked(context.Context, uint64) (bool, error) { return false, nil }

func (k fakeKeepers) Discard(context.Context, sdk.AccAddress, sdk.Coin) error { return nil }

func (k fakeKeepers) Carbon(context.Context, string) (computetypes.CarbonFactor, bool, error) {
	return computetypes.CarbonFactor{}, false, nil
}

func (k fakeKeepers) HasSpec(context.Context, computetypes.JobID) (bool, error) { return true, nil }

func (k fakeKeepers) SetReceipt(context.Context, computetypes.JobID, computetypes.Receipt) error {
	return nil
}

// Challenge returns a challenge without defendants: their nodes are gone.
func (k fakeKeepers) Challenge(context.Context, computetypes.JobID, uint64) (computetypes.Challenge, error) {
	return computetypes.Challenge{
		JobId: k.t.challenged.JobId, Task: k.t.challenged.Task, Tag: make([]byte, computetypes.HashSize),
		Requester: k.c.worker.String(), Liability: math.NewInt(liability), Judging: 1, JudgedTasks: max(1, k.t.challenged.Count), Pledged: math.ZeroInt(),
	}, nil
}

func (k fakeKeepers) SetChallenge(context.Context, computetypes.JobID, computetypes.Challenge) error {
	return nil
}

func (k fakeKeepers) RemoveChallenge(context.Context, computetypes.JobID, uint64) error { return nil }

func (k fakeKeepers) Epoch(context.Context) (uint64, error) { return 3, nil }

func (k fakeKeepers) Params(context.Context) (edgenodetypes.Params, error) {
	return edgenodetypes.Params{BondDenom: "atfuel"}, nil
}

func (k fakeKeepers) ClassSnapshot(context.Context, string, uint64) (edgenodetypes.ClassSnapshot, error) {
	return edgenodetypes.ClassSnapshot{Nodes: classNodes, Weight: math.NewInt(classNodes)}, nil
}

func (k fakeKeepers) Node(_ context.Context, operator sdk.AccAddress) (edgenodetypes.Node, error) {
	if operator.Equals(k.c.operator) && !k.t.replaced {
		return k.c.node(), nil
	}
	return edgenodetypes.Node{
		Profile: edgenodetypes.NodeProfile{Operator: operator.String(), Class: "cpu-small", Executors: []string{"wasm/1"}},
		State: edgenodetypes.NodeState{
			Status: edgenodetypes.NODE_STATUS_ACTIVE, LeaseEnd: ages, Slots: 4, Bond: math.NewInt(10_000_000), Locked: math.ZeroInt(),
		},
	}, nil
}

// Weight returns the whole weight of the class for each node, so that its ticket always wins.
func (k fakeKeepers) Weight(context.Context, sdk.AccAddress, uint64) (math.Int, error) {
	return math.NewInt(classNodes), nil
}

func (k fakeKeepers) Reserve(context.Context, sdk.AccAddress, math.Int) error { return nil }

func (k fakeKeepers) ReserveCall(context.Context, sdk.AccAddress, math.Int) error { return nil }
func (k fakeKeepers) Release(context.Context, sdk.AccAddress, math.Int) error     { return nil }

func (k fakeKeepers) GiveBack(context.Context, edgenodetypes.GiveBackRequest) (math.Int, error) {
	return math.ZeroInt(), nil
}

func (k fakeKeepers) Yield(_ context.Context, req edgenodetypes.YieldRequest) (edgenodetypes.YieldOutcome, error) {
	excused := req.Excusable && (!req.Operator.Equals(k.c.operator) || k.c.yields.CountYield(k.c.yieldRules(), k.c.height))
	return edgenodetypes.YieldOutcome{Burned: req.Fee, Excused: excused}, nil
}

func (k fakeKeepers) Pledge(_ context.Context, _ sdk.AccAddress, _, pledged math.Int) (math.Int, error) {
	return pledged, nil
}

func (k fakeKeepers) Redeem(context.Context, sdk.AccAddress, math.Int) error { return nil }

func (k fakeKeepers) Forfeit(_ context.Context, req edgenodetypes.ForfeitRequest) (math.Int, error) {
	return req.Pledged, nil
}

func (k fakeKeepers) Slash(_ context.Context, req edgenodetypes.SlashRequest) (edgenodetypes.SlashOutcome, error) {
	return edgenodetypes.SlashSplit{HonestBps: 4_000, CommunityBps: 1_000}.Share(req.Liability, req.Cost, req.Honest), nil
}

func (k fakeKeepers) Penalize(_ context.Context, req edgenodetypes.PenaltyRequest) (math.Int, error) {
	return req.Amount, nil
}

func (k fakeKeepers) CountMissed(context.Context, sdk.AccAddress, int64) error { return nil }
