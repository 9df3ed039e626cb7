package round_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	"github.com/thetaedge/theta/x/compute/round"
	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

const (
	chainID   = "theta-test"
	jobID     = "1-0-0"
	denom     = "atfuel"
	class     = "cpu-small"
	reward    = 100
	liability = 700
	// seedDelay is how many blocks after its pin a seed becomes known.
	seedDelay = 2
)

// world is all that a task reaches, made of functions: it has no store and no keeper.
// It writes down who got or lost what, in order.
type world struct {
	height int64
	// withheld: seeds never become known.
	withheld bool
	params   types.Params
	job      types.Job
	// node is what the registry says of an operator.
	node func(operator string) (edgenodetypes.Node, error)
	// unexcused: no node has a yield left.
	unexcused bool
	// classNodes is how many live nodes the class has.
	classNodes uint64
	challenge  *types.Challenge
	receipts   []types.Receipt
	said       []string
}

func newWorld() *world {
	params := types.DefaultParams()
	params.PostingFeePerByte = math.OneInt()
	params.ClaimBlocks, params.RevealBlocks, params.MaxDraws = 2, 4, 2
	params.SeedTimeoutBlocks, params.MaxWaitBlocks = 20, 60
	params.Escalation, params.InputReports = []uint32{3, 3}, 2
	return &world{
		height: 10, params: params, classNodes: 20,
		node: func(operator string) (edgenodetypes.Node, error) { return liveNode(operator), nil },
		job: types.Job{
			Id: jobID, Requester: "requester", Status: types.JOB_STATUS_OPEN, PostedHeight: 1, ExpiresHeight: 101,
			Reward: sdk.NewInt64Coin(denom, reward), BondValue: math.NewInt(reward), Liability: math.NewInt(liability),
			Policy: types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: 3}, Class: class, Executor: "wasm/1",
			Tasks: 1, ChunkTasks: 1, Inputs: 2, PrepareBlocks: 3, CommitBlocks: 6, Slashable: true, Fuel: 1_000,
			SeatFee: math.NewInt(20), TaskReserve: math.NewInt(3*reward + 5*20), Reserved: math.NewInt(400),
		},
	}
}

func liveNode(operator string) edgenodetypes.Node {
	return edgenodetypes.Node{
		Profile: edgenodetypes.NodeProfile{Operator: operator, Class: class, Region: "de", Executors: []string{"wasm/1"}},
		State: edgenodetypes.NodeState{
			Status: edgenodetypes.NODE_STATUS_ACTIVE, LeaseEnd: 1_000, Slots: 4,
			Bond: math.NewInt(10_000), Locked: math.ZeroInt(),
		},
	}
}

// load returns a task of the world's job with a record.
func (w *world) load(t *testing.T, record types.Chunk) *round.Chunk {
	t.Helper()
	id, err := types.ParseJobID(jobID)
	require.NoError(t, err)
	record.JobId, record.DrawFees, record.Liability = jobID, math.ZeroInt(), w.job.Liability
	return round.Load(w.ctx(), w.deps(), w.params, id, w.job, record)
}

func (w *world) ctx() sdk.Context {
	return sdk.Context{}.WithBlockHeight(w.height).WithChainID(chainID).WithEventManager(sdk.NewEventManager())
}

func (w *world) deps() *round.Deps {
	return &round.Deps{Addresses: plain{}, Bank: w, Beacon: w, Nodes: registry{world: w}, Rewards: w, Records: w}
}

func (w *world) say(format string, args ...any) {
	w.said = append(w.said, fmt.Sprintf(format, args...))
}

// plain are addresses that are their own text.
type plain struct{}

func (plain) StringToBytes(text string) ([]byte, error) { return []byte(text), nil }
func (plain) BytesToString(b []byte) (string, error)    { return string(b), nil }

func (w *world) Seed(_ context.Context, height int64) (beacontypes.Seed, bool, error) {
	if w.withheld || w.height < height+seedDelay {
		return beacontypes.Seed{}, false, nil
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "seed %d", height))
	return beacontypes.Seed{Randomness: sum[:], Height: height + seedDelay}, true, nil
}

func (w *world) BurnCoins(_ context.Context, _ string, amt sdk.Coins) error {
	w.say("burn %s", amt)
	return nil
}

func (w *world) CreditReward(_ context.Context, operator sdk.AccAddress, gross sdk.Coin, _ types.CreditOrigin) (sdk.Coin, error) {
	w.say("reward %s %s", string(operator), gross.Amount)
	return gross, nil
}

func (w *world) CreditShare(_ context.Context, operator sdk.AccAddress, share sdk.Coin, _ types.CreditOrigin) error {
	w.say("share %s %s", string(operator), share.Amount)
	return nil
}

func (w *world) CreditGrant(_ context.Context, credit types.GrantCredit) (math.Int, error) {
	gross := math.MinInt(types.FuelPay(credit.Grant.Price, math.NewIntFromUint64(credit.Fuel)), credit.Most).Sub(credit.Less)
	w.say("grant %d pays %s %s for %d", credit.Grant.Id, string(credit.Operator), gross, credit.Fuel)
	return gross, nil
}

func (w *world) GrantRevoked(context.Context, uint64) (bool, error) { return false, nil }

func (w *world) Discard(_ context.Context, _ sdk.AccAddress, coin sdk.Coin) error {
	w.say("burn %s", coin)
	return nil
}

func (w *world) Challenge(context.Context, types.JobID, uint64) (types.Challenge, error) {
	return *w.challenge, nil
}

func (w *world) SetChallenge(_ context.Context, _ types.JobID, c types.Challenge) error {
	w.challenge = &c
	w.say("challenge kept, convicted: %t", c.Convicted)
	return nil
}

func (w *world) RemoveChallenge(context.Context, types.JobID, uint64) error {
	w.say("challenge removed")
	return nil
}

func (w *world) Carbon(context.Context, string) (types.CarbonFactor, bool, error) {
	return types.CarbonFactor{}, false, nil
}

func (w *world) HasSpec(context.Context, types.JobID) (bool, error) { return true, nil }

func (w *world) SetReceipt(_ context.Context, _ types.JobID, r types.Receipt) error {
	w.receipts = append(w.receipts, r)
	return nil
}

// registry is what the world knows of nodes. A method that it lacks panics.
type registry struct {
	round.Nodes
	*world
}

func (r registry) Epoch(context.Context) (uint64, error) { return 3, nil }

func (r registry) Params(context.Context) (edgenodetypes.Params, error) {
	return edgenodetypes.Params{BondDenom: denom}, nil
}

func (r registry) ClassSnapshot(context.Context, string, uint64) (edgenodetypes.ClassSnapshot, error) {
	return edgenodetypes.ClassSnapshot{Nodes: r.classNodes, Weight: math.NewIntFromUint64(r.classNodes)}, nil
}

func (r registry) Node(_ context.Context, operator sdk.AccAddress) (edgenodetypes.Node, error) {
	return r.node(string(operator))
}

// Weight has a node among all of its class, so that its ticket always wins.
func (r registry) Weight(context.Context, sdk.AccAddress, uint64) (math.Int, error) {
	return math.NewIntFromUint64(r.classNodes), nil
}

func (r registry) Reserve(_ context.Context, operator sdk.AccAddress, _ math.Int) error {
	r.say("reserve %s", string(operator))
	return nil
}

func (r registry) ReserveCall(_ context.Context, operator sdk.AccAddress, _ math.Int) error {
	r.say("reserve for a call %s", string(operator))
	return nil
}

func (r registry) Release(_ context.Context, operator sdk.AccAddress, _ math.Int) error {
	r.say("release %s", string(operator))
	return nil
}

func (r registry) GiveBack(_ context.Context, req edgenodetypes.GiveBackRequest) (math.Int, error) {
	r.say("give back %s", string(req.Operator))
	return math.ZeroInt(), nil
}

func (r registry) Yield(_ context.Context, req edgenodetypes.YieldRequest) (edgenodetypes.YieldOutcome, error) {
	excused := req.Excusable && !r.unexcused
	r.say("yield %s %s excused %t", string(req.Operator), req.Fee, excused)
	return edgenodetypes.YieldOutcome{Burned: req.Fee, Excused: excused}, nil
}

func (r registry) Pledge(_ context.Context, operator sdk.AccAddress, _, pledged math.Int) (math.Int, error) {
	r.say("pledge %s %s", string(operator), pledged)
	return pledged, nil
}

func (r registry) Redeem(_ context.Context, operator sdk.AccAddress, pledged math.Int) error {
	r.say("redeem %s %s", string(operator), pledged)
	return nil
}

func (r registry) Forfeit(_ context.Context, req edgenodetypes.ForfeitRequest) (math.Int, error) {
	r.say("forfeit %s %s", string(req.Operator), req.Pledged)
	return req.Pledged, nil
}

func (r registry) Hold(_ context.Context, operator sdk.AccAddress, _ math.Int, until int64) (int64, error) {
	r.say("hold %s until %d", string(operator), until)
	return until, nil
}

func (r registry) Settle(_ context.Context, operator sdk.AccAddress, _ math.Int, until int64) error {
	r.say("hold again %s until %d", string(operator), until)
	return nil
}

func (r registry) Slash(_ context.Context, req edgenodetypes.SlashRequest) (edgenodetypes.SlashOutcome, error) {
	out := edgenodetypes.SlashSplit{HonestBps: 4_000, CommunityBps: 1_000}.Share(req.Liability, req.Cost, req.Honest)
	r.say("slash %s %s: cost %s, honest %s", string(req.Operator), req.Reason, out.Cost, out.Honest)
	return out, nil
}

func (r registry) Penalize(_ context.Context, req edgenodetypes.PenaltyRequest) (math.Int, error) {
	r.say("penalize %s %s %s", string(req.Operator), req.Reason, req.Amount)
	return req.Amount, nil
}

func (r registry) CountMissed(_ context.Context, operator sdk.AccAddress, missedAt int64) error {
	r.say("count missed %s at %d", string(operator), missedAt)
	return nil
}

// one returns the record of a task with some rounds.
func one(rounds ...types.Round) types.Chunk {
	status := types.CHUNK_STATUS_OPEN
	for i := range rounds {
		if len(rounds[i].Replicas) > 0 {
			status = types.CHUNK_STATUS_RUNNING
		}
	}
	return types.Chunk{Count: 1, Status: status, Rounds: rounds}
}

// replica is an assignment in a state.
func replica(operator string, status types.AssignmentStatus) types.Assignment {
	return types.Assignment{Operator: operator, Status: status, AssignedHeight: 5, CommitDeadline: 11, Locked: math.NewInt(liability)}
}

func replicas(status types.AssignmentStatus, operators ...string) []types.Assignment {
	all := make([]types.Assignment, len(operators))
	for i, operator := range operators {
		all[i] = replica(operator, status)
	}
	return all
}
