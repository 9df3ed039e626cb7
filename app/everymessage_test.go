package app_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	"github.com/thetaedge/theta/testutil/sim"
	"github.com/thetaedge/theta/testutil/twin"
	computekeeper "github.com/thetaedge/theta/x/compute/keeper"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// tour sends every message of the edge modules during a run, and notes which of them have
// taken effect.
type tour struct {
	*edge.Network
	t *testing.T
	// released and yielded report whether a node has given a task back, and yielded one.
	released, yielded bool
	// wanderer is an operator that goes through a node's whole life.
	wanderer        apptest.Account
	worker, another apptest.Account
	seen            map[string]bool
	owed            map[string]bool
}

func newTour(t *testing.T) *tour {
	network := edge.New(t, 11, 2)
	return &tour{
		Network: network, t: t, wanderer: apptest.Named(len(network.Nodes) + 2),
		worker: apptest.NewAccount("wandering worker"), another: apptest.NewAccount("another worker"),
		seen: map[string]bool{}, owed: map[string]bool{},
	}
}

func (o *tour) options() []apptest.Option {
	return append(o.Options(), apptest.WithAccounts(len(o.Nodes)+3, params.TfuelCoin(1_000_000)))
}

func (o *tour) block(chain *apptest.Chain, i int) [][]byte {
	edge.RequireInvariants(o.t, chain)
	o.observe(chain)
	txs := o.leave(chain, i)
	txs = append(txs, o.Act(chain)...)
	if i == 0 {
		txs = append(txs, o.Register(chain)...)
	}
	if i >= 12 && i <= 22 && i%2 == 0 {
		txs = append(txs, o.Post(chain, params.TfuelCoin(1)))
	}
	if i == 23 {
		txs = append(txs, o.cancel(chain)...)
	}
	if i == 26 || i == 27 { // the second one comes too early
		txs = append(txs, o.redeliver(chain)...)
	}
	for _, msg := range o.life(i) {
		txs = append(txs, chain.Sign(o.wanderer, []sdk.Msg{msg}))
	}
	if i == 6 {
		txs = append(txs, chain.Sign(o.worker, []sdk.Msg{&edgenodetypes.MsgRenewLease{Worker: o.worker.String()}}))
	}
	if i%10 == 9 {
		txs = append(txs, o.payOut(chain, i == 9)...)
	}
	return txs
}

// payOut pays the earnings of all nodes; it is refused if a node has not earned anything. Some
// operators claim them, bond them or delegate them. The workers of every second node collect them,
// and delegate them once the rule is set.
func (o *tour) payOut(chain *apptest.Chain, first bool) [][]byte {
	var txs [][]byte
	validator, err := app.ValidatorAddressCodec().BytesToString(chain.Validator.Address)
	require.NoError(o.t, err)
	for n, node := range o.Nodes {
		operator := node.Operator.String()
		switch {
		case n%6 == 0:
			txs = append(txs, chain.Sign(node.Operator, []sdk.Msg{&rewardstypes.MsgClaim{Operator: operator}}))
		case n%6 == 2:
			txs = append(txs, chain.Sign(node.Operator, []sdk.Msg{&rewardstypes.MsgClaimAndBond{Operator: operator}}))
		case n%6 == 4:
			txs = append(txs, chain.Sign(node.Operator, []sdk.Msg{&rewardstypes.MsgClaimAndDelegate{Operator: operator, Validator: validator}}))
		case first:
			txs = append(txs, chain.Sign(node.Operator, []sdk.Msg{&rewardstypes.MsgSetPayout{Operator: operator, Validator: validator}}))
		default:
			txs = append(txs, chain.Sign(node.Worker, []sdk.Msg{&rewardstypes.MsgCollect{Sender: node.Worker.String(), Operator: operator}}))
		}
	}
	return txs
}

// life returns the messages that the wanderer sends in a block.
func (o *tour) life(i int) []sdk.Msg {
	me := o.wanderer.String()
	hardware := edgenodetypes.Hardware{CpuCores: 16, MemoryBytes: 64 << 30}
	switch i {
	case 1:
		return []sdk.Msg{&edgenodetypes.MsgRegister{
			Operator: me, Worker: o.worker.String(), Moniker: "wanderer", Hardware: hardware, Region: "eu",
			Class: "cpu-large", Executors: []string{"wasm/1"}, Bond: params.TfuelCoin(edge.NodeBond), Slots: 2,
		}}
	case 2:
		return []sdk.Msg{banktypes.NewMsgSend(o.wanderer.Address, o.worker.Address, sdk.NewCoins(params.TfuelCoin(1)))}
	case 3:
		return []sdk.Msg{&edgenodetypes.MsgBond{Operator: me, Amount: params.TfuelCoin(100)}}
	case 5:
		return []sdk.Msg{&edgenodetypes.MsgUpdate{
			Operator: me, Moniker: "renamed", Hardware: hardware, Region: "eu", Class: "cpu-large",
			Executors: []string{"wasm/1"}, Slots: 3,
		}}
	case 7:
		return []sdk.Msg{&edgenodetypes.MsgPause{Operator: me}}
	case 9:
		return []sdk.Msg{&edgenodetypes.MsgResume{Operator: me}, &edgenodetypes.MsgResume{Operator: me}}
	case 11:
		return []sdk.Msg{&edgenodetypes.MsgRotateWorker{Operator: me, Worker: o.another.String()}}
	case 12: // the node is not in jail
		return []sdk.Msg{&edgenodetypes.MsgUnjail{Operator: me}}
	case 13:
		return []sdk.Msg{&edgenodetypes.MsgUnbond{Operator: me, Amount: params.TfuelCoin(50)}}
	case 40:
		return []sdk.Msg{&edgenodetypes.MsgRetire{Operator: me}}
	}
	return nil
}

// leave lets the first node that is assigned a task give it back, and a later one yield its task, once
// each. Their commitments in the same block then fail.
func (o *tour) leave(chain *apptest.Chain, i int) [][]byte {
	if o.yielded {
		return nil
	}
	for _, node := range o.Nodes {
		held, err := computekeeper.NewQueryServer(chain.App.ComputeKeeper).Assignments(
			chain.Ctx(), &computetypes.QueryAssignmentsRequest{Operator: node.Operator.String()})
		require.NoError(o.t, err)
		for _, item := range held.Items {
			switch {
			case item.Assignment.Status != computetypes.ASSIGNMENT_STATUS_ASSIGNED:
			case o.released && i < 24: // the first jobs need the nodes as judges
			case o.released:
				o.yielded = true
				return [][]byte{chain.Sign(node.Worker, []sdk.Msg{&computetypes.MsgYield{
					Worker: node.Worker.String(),
					Items:  []computetypes.ChunkRef{item.Ref},
				}})}
			default:
				o.released = true
				return [][]byte{chain.Sign(node.Worker, []sdk.Msg{&computetypes.MsgRelease{
					Worker: node.Worker.String(),
					Items:  []computetypes.ReleaseItem{{Ref: item.Ref}},
				}})}
			}
		}
	}
	return nil
}

// cancel cancels the newest job.
func (o *tour) cancel(chain *apptest.Chain) [][]byte {
	jobs := o.Jobs(chain)
	return [][]byte{chain.Sign(o.Requester, []sdk.Msg{&computetypes.MsgCancelJob{
		Requester: o.Requester.String(), JobId: jobs[len(jobs)-1].Id,
	}})}
}

// redeliver requests the results of the oldest job at another sink.
func (o *tour) redeliver(chain *apptest.Chain) [][]byte {
	return [][]byte{chain.Sign(o.Requester, []sdk.Msg{&computetypes.MsgRedeliver{
		Requester: o.Requester.String(), JobId: o.Jobs(chain)[0].Id, Sink: "https://other.example/v1/drops/{task}",
	}})}
}

// observe notes which messages have taken effect by the last block.
func (o *tour) observe(chain *apptest.Chain) {
	o.observeWanderer(chain)
	for n, node := range o.Nodes {
		earned, err := chain.App.RewardsKeeper.Earnings(chain.Ctx(), node.Operator.Address)
		require.NoError(o.t, err)
		if n%6 == 0 && o.owed[node.Operator.String()] && earned.Empty() {
			o.seen["claim earnings"] = true
		}
		rule, err := chain.App.RewardsKeeper.Payout(chain.Ctx(), node.Operator.Address)
		require.NoError(o.t, err)
		if rule.Validator != "" {
			o.seen["set payout"] = true
		}
		if _, err := chain.App.StakingKeeper.GetDelegation(chain.Ctx(), node.Operator.Address, sdk.ValAddress(chain.Validator.Address)); err == nil {
			o.seen[map[bool]string{true: "claim and delegate", false: "collect"}[n%2 == 0]] = true
		}
		registered, err := chain.App.EdgenodeKeeper.Node(chain.Ctx(), node.Operator.Address)
		if err == nil && registered.State.Bond.GT(params.Tfuel(edge.NodeBond)) {
			o.seen["claim and bond"] = true
		}
		o.owed[node.Operator.String()] = !earned.Empty()
	}
	for _, job := range o.Jobs(chain) {
		o.seen["post"] = true
		if job.Status == computetypes.JOB_STATUS_CANCELLED {
			o.seen["cancel"] = true
		}
		if job.Redelivery != nil {
			o.seen["redeliver"] = true
		}
		id, err := computetypes.ParseJobID(job.Id)
		require.NoError(o.t, err)
		receipt, err := chain.App.ComputeKeeper.Receipt(chain.Ctx(), id, 0)
		if err != nil {
			continue
		}
		for _, outcome := range receipt.Outcomes {
			switch {
			case outcome.Status == computetypes.ASSIGNMENT_STATUS_RELEASED:
				o.seen["release"] = true
			case outcome.Status == computetypes.ASSIGNMENT_STATUS_YIELDED:
				o.seen["yield"] = true
			case outcome.Status == computetypes.ASSIGNMENT_STATUS_PAID && outcome.Round > 0:
				o.seen["open"] = true // claims, commitments and reveals came before
			case outcome.Status == computetypes.ASSIGNMENT_STATUS_SLASHED:
				o.seen["slash"] = true
			}
		}
	}
}

func (o *tour) observeWanderer(chain *apptest.Chain) {
	node, err := chain.App.EdgenodeKeeper.Node(chain.Ctx(), o.wanderer.Address)
	if err != nil {
		return // before it registers
	}
	o.seen["register"] = true
	for what, now := range map[string]bool{
		"bond":   node.State.Bond.Equal(params.Tfuel(600)),
		"unbond": node.State.Bond.Equal(params.Tfuel(550)),
		"update": node.Profile.Moniker == "renamed",
		"renew":  o.seen["update"] && !o.seen["pause"] && node.State.LeaseEnd > node.Profile.RegisteredHeight+leaseBlocks(o.t, chain),
		"pause":  node.State.Status == edgenodetypes.NODE_STATUS_PAUSED,
		"resume": o.seen["pause"] && node.State.Status == edgenodetypes.NODE_STATUS_ACTIVE,
		"rotate": node.Profile.Worker == o.another.String(),
		"retire": node.State.Status == edgenodetypes.NODE_STATUS_RETIRED,
	} {
		o.seen[what] = o.seen[what] || now
	}
}

func leaseBlocks(t *testing.T, chain *apptest.Chain) int64 {
	t.Helper()
	found, err := chain.App.EdgenodeKeeper.Params(chain.Ctx())
	require.NoError(t, err)
	return int64(found.LeaseBlocks)
}

// Random blocks contain every message of this chain's modules, from many accounts at once,
// sent directly, by deputies through x/authz, and by governance. They lead to the same state
// on every kind of node. A new message makes this test fail until x/*/simulation draws it.
func TestEveryMessageInRandomBlocksGivesTheSameStateOnEveryNode(t *testing.T) {
	const (
		blocks = 100
		most   = 500
	)
	s := sim.New(t, 3)
	s.FollowedBy(twin.Variants(t, blocks)[1:])
	s.Run(blocks)
	succeeded, deputised := s.Tally.Succeeded()
	// Rare messages, such as those of jailed nodes, need more blocks with some draws than with others.
	for n := blocks; n < most && (len(succeeded) < len(s.Chain.OwnMessages()) || len(deputised) < 5); n++ {
		s.Step()
		succeeded, deputised = s.Tally.Succeeded()
	}
	t.Log("\n" + s.Tally.String())
	require.Equal(t, s.Chain.OwnMessages(), succeeded, "every message took effect")
	require.GreaterOrEqual(t, len(deputised), 5, "messages by deputies: %v", deputised)
}

// Blocks that mix every message of the edge modules, including refused ones, lead to the same
// state on every kind of node.
func TestEveryMessageGivesTheSameStateOnEveryNode(t *testing.T) {
	const blocks = 72
	o := newTour(t)
	chain := twin.Run(t, blocks, o.block, twin.Variants(t, blocks), o.options()...)
	edge.RequireInvariants(t, chain)
	o.observe(chain)
	maps.DeleteFunc(o.seen, func(_ string, seen bool) bool { return !seen })
	require.Equal(t, []string{
		"bond", "cancel", "claim and bond", "claim and delegate", "claim earnings", "collect", "open", "pause", "post", "redeliver", "register", "release", "renew", "resume", "retire",
		"rotate", "set payout", "slash", "unbond", "update", "yield",
	}, slices.Sorted(maps.Keys(o.seen)), "every message took effect")
	for _, job := range o.Jobs(chain) {
		require.True(t, job.Ended(), "job %s is %s", job.Id, job.Status)
	}
}
