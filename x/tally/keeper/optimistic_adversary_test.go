package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/thetaedge/theta/app"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
	"github.com/thetaedge/theta/x/tally/types"
)

// force writes parameters without a check, as if an older program had accepted them.
func (w *world) force(params types.Params) {
	w.t.Helper()
	raw, err := params.Marshal()
	require.NoError(w.t, err)
	w.ctx.KVStore(w.chain.App.KVStoreKeys()[types.StoreKey]).Set(types.ParamsPrefix.Bytes(), raw)
}

// A message that could widen the rules, pay an account or carry another message is refused, in the list and
// in a proposal, even if the list contains it.
func TestNothingButRoutineMessagesIsOptimistic(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.allow()
	gov := sdk.MustAccAddressFromBech32(app.Authority())
	exec := authz.NewMsgExec(gov, []sdk.Msg{w.change()})
	nested := authz.NewMsgExec(gov, []sdk.Msg{&exec})
	later := time.Unix(1<<32, 0)
	permit, err := authz.NewMsgGrant(gov, w.person(0), authz.NewGenericAuthorization(sdk.MsgTypeURL(w.change())), &later)
	require.NoError(t, err)
	params := w.params()
	params.ObjectionBps = types.MaxObjectionBps
	messages := []sdk.Msg{
		&exec, &nested, permit,
		&types.MsgUpdateParams{Authority: app.Authority(), Params: params},
		&govv1.MsgUpdateParams{Authority: app.Authority(), Params: govv1.DefaultParams()},
		&stakingtypes.MsgUpdateParams{Authority: app.Authority(), Params: stakingtypes.DefaultParams()},
		&rewardstypes.MsgUpdateParams{Authority: app.Authority(), Params: rewardstypes.DefaultParams()},
		&distrtypes.MsgCommunityPoolSpend{Authority: app.Authority(), Recipient: w.person(0).String(), Amount: sdk.NewCoins(tfuel(1))},
		banktypes.NewMsgSend(gov, w.person(0), sdk.NewCoins(tfuel(1))), // of the deposits of others
		&upgradetypes.MsgSoftwareUpgrade{Authority: app.Authority(), Plan: upgradetypes.Plan{Name: "x", Height: 1 << 40}},
		&upgradetypes.MsgCancelUpgrade{Authority: app.Authority()},
		w.suggestion(w.change()),
	}
	for _, message := range messages {
		url := sdk.MsgTypeURL(message)
		require.ErrorContains(t, w.changeParams(func(p *types.Params) { p.OptimisticMessages = []string{url} }), "expected routine messages, found "+url)
		require.ErrorIs(t, w.send(w.suggestion(w.change(), message)), types.ErrNotRoutine, url)
		forced := w.params()
		forced.OptimisticMessages = append(forced.OptimisticMessages, url)
		w.force(forced)
		require.ErrorIs(t, w.send(w.suggestion(w.change(), message)), types.ErrNotRoutine, "%s is in the list", url)
		w.allow()
	}
}

// Parameters decide whether a vote fits into a block and what it costs, which bonds count, and what a fault
// costs. A proposal that passes in silence must not decide this, even if an older program has listed its type.
func TestAnOptimisticProposalCannotKeepVotersOutOrFreeFaults(t *testing.T) {
	w := newWorld(t, newChain(t))
	edgenode := func(change func(*edgenodetypes.Params)) sdk.Msg {
		msg := w.change().(*edgenodetypes.MsgUpdateParams)
		change(&msg.Params)
		return msg
	}
	feemarket := func(change func(*feemarkettypes.Params)) sdk.Msg {
		params := feemarkettypes.DefaultParams()
		change(&params)
		return &feemarkettypes.MsgUpdateParams{Authority: app.Authority(), Params: params}
	}
	compute := computetypes.DefaultParams()
	compute.Denoms[0].BondDenominator = 1 << 60 // a liability is worth nothing
	for name, message := range map[string]sdk.Msg{
		"no vote fits into a block":        feemarket(func(p *feemarkettypes.Params) { p.TxBps = 1 }),
		"a vote costs more each block":     feemarket(func(p *feemarkettypes.Params) { p.TargetBps, p.ChangeDenominator = 1, 1 }),
		"liabilities are worth nothing":    &computetypes.MsgUpdateParams{Authority: app.Authority(), Params: compute},
		"bonds of a coin of the proposer":  edgenode(func(p *edgenodetypes.Params) { p.BondDenom = "mine" }),
		"one fault jails, with its vote":   edgenode(func(p *edgenodetypes.Params) { p.Jail.FaultsToJail = 1 }),
		"a bond leaves before its verdict": edgenode(func(p *edgenodetypes.Params) { p.UnbondingBlocks = 1 }),
		"no node can be in a class":        edgenode(func(p *edgenodetypes.Params) { p.Classes[0].Minimum.CpuCores = 1 << 30 }),
		"a class is gone":                  edgenode(func(p *edgenodetypes.Params) { p.Classes = p.Classes[1:] }),
	} {
		w.allow()
		forced := w.params()
		forced.OptimisticMessages = []string{sdk.MsgTypeURL(message)}
		w.force(forced)
		require.ErrorIs(t, w.send(w.suggestion(message)), types.ErrNotRoutine, name)
	}
}

// A message of parameters names all of them. What governance has changed during the voting must not be changed
// back by a proposal that was made before.
func TestAnOptimisticProposalDoesNotUndoWhatVotersHaveDecided(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.allow()
	id := w.suggest(w.addClass())
	require.Equal(t, types.VERDICT_ACCEPTED, w.count(id).Verdict)
	decided := w.change().(*edgenodetypes.MsgUpdateParams)
	decided.Params.Jail.FaultsToJail = 3
	w.must(decided)
	require.Contains(t, w.count(id).Optimistic.Lapsed, "expected the parameters of x/edgenode with further classes only")
	require.Equal(t, types.VERDICT_NO_QUORUM, w.count(id).Verdict)
	w.requireInvariants()
	require.Equal(t, govv1.StatusRejected, w.ended(id).Status)
	params, err := w.chain.App.EdgenodeKeeper.Params(w.ctx)
	require.NoError(t, err)
	require.Equal(t, decided.Params, params)
}

// While a chain stands still, voters cannot object, but its clock goes on. A voting with too few blocks does not
// pass in silence.
func TestAVotingOfAChainThatStoodStillNeedsVotes(t *testing.T) {
	const least = int64(votingTime / types.SlowestBlock)
	for _, c := range []struct {
		name    string
		blocks  int64
		vote    bool
		verdict types.Verdict
	}{
		{"just enough blocks", least, false, types.VERDICT_ACCEPTED},
		{"one block too few", least - 1, false, types.VERDICT_NO_QUORUM},
		{"one block", 1, false, types.VERDICT_NO_QUORUM},
		{"one block, and a majority", 1, true, types.VERDICT_ACCEPTED},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, newChain(t))
			w.allow()
			id := w.suggest(w.addClass())
			if c.vote {
				w.vote(w.operator(0), id, govv1.OptionYes)
			}
			require.Equal(t, types.VERDICT_ACCEPTED, w.count(id).Verdict, "the voting goes on")
			w.endBlockAt(votingTime, c.blocks)
			require.Equal(t, c.verdict == types.VERDICT_ACCEPTED, w.proposal(id).Status == govv1.StatusPassed)
			genesis, err := w.chain.App.TallyKeeper.ExportGenesis(w.ctx)
			require.NoError(t, err)
			require.Equal(t, c.verdict, genesis.Tallies[0].Verdict)
			if c.blocks < least {
				require.Contains(t, genesis.Tallies[0].Optimistic.Lapsed, "expected at least 600 blocks during the voting")
			}
		})
	}
}

// A chain that restarts from an export at a lower height gives voters the blocks after its restart.
func TestAVotingOfAHigherHeightBeginsWithTheRestart(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.allow()
	id := w.suggest(w.change())
	genesis, err := w.chain.App.TallyKeeper.ExportGenesis(w.ctx)
	require.NoError(t, err)
	require.Equal(t, w.ctx.BlockHeight(), genesis.Votings[0].Began)
	genesis.Votings[0].Began += 1_000
	require.NoError(t, w.chain.App.TallyKeeper.InitGenesis(w.ctx, *genesis))
	found, err := w.chain.App.TallyKeeper.ExportGenesis(w.ctx)
	require.NoError(t, err)
	require.Equal(t, w.ctx.BlockHeight(), found.Votings[0].Began)
	w.requireInvariants()
	require.Equal(t, govv1.StatusPassed, w.ended(id).Status)
	genesis.Votings[0].Began = -1
	require.ErrorIs(t, genesis.Validate(), types.ErrInvalidGenesis)
}

// An account cannot hide a proposal among many, nor keep others from making theirs.
func TestAProposerHasFewOpenProposals(t *testing.T) {
	w := newWorld(t, newChain(t))
	require.NoError(t, w.changeParams(func(p *types.Params) {
		p.OptimisticProposers = []string{w.person(0).String(), w.person(1).String()}
		p.OptimisticMessages = []string{sdk.MsgTypeURL(w.change())}
	}))
	for range types.MaxOpenProposals {
		w.suggest(w.change())
	}
	err := w.send(w.suggestion(w.change()))
	require.ErrorIs(t, err, types.ErrTooManyProposals)
	require.ErrorContains(t, err, "expected at most 3 open optimistic proposals of an account, found 3; wait until one is decided")
	other := w.suggestion(w.change())
	other.Proposer = w.person(1).String()
	w.must(other)
	w.propose(false, w.change())
	w.must(govv1.NewMsgCancelProposal(1, w.person(0).String()))
	w.suggest(w.change())
	require.ErrorIs(t, w.send(w.suggestion(w.change())), types.ErrTooManyProposals)
	w.endBlock(votingTime)
	w.suggest(w.change())
	w.requireInvariants()
}

// The text of a type URL says nothing of another message: a proposal is judged by the types that governance
// will carry out.
func TestAMessageUnderAnotherTypeIsRefused(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.allow()
	msg := w.suggestion(w.change())
	msg.Messages[0].TypeUrl = "theta.edgenode.v1.MsgUpdateParams"
	require.ErrorIs(t, w.send(msg), types.ErrNotRoutine)
	msg = w.suggestion(w.change())
	msg.Messages[0].TypeUrl = "/theta.edgenode.v1.MsgUpdateParams/"
	require.ErrorIs(t, w.send(msg), types.ErrNotRoutine)
}

// If a proposer is taken off the list, silence does not help the proposal any more. Objections still reject
// it.
func TestAProposalOfARemovedProposerNeedsVotes(t *testing.T) {
	for _, c := range []struct {
		name    string
		vote    func(w *world, id uint64)
		verdict types.Verdict
	}{
		{"silence", func(*world, uint64) {}, types.VERDICT_NO_QUORUM},
		{"a majority", func(w *world, id uint64) { w.vote(w.operator(0), id, govv1.OptionYes) }, types.VERDICT_ACCEPTED},
		{"a majority, and objections", func(w *world, id uint64) {
			w.vote(w.operator(0), id, govv1.OptionYes)
			w.vote(w.operator(2), id, govv1.OptionNo) // 400 of 2,100
		}, types.VERDICT_OBJECTED},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, newChain(t))
			w.allow()
			id := w.suggest(w.change())
			c.vote(w, id)
			require.NoError(t, w.changeParams(func(p *types.Params) { p.OptimisticProposers = []string{w.person(1).String()} }))
			count := w.count(id)
			require.Equal(t, "the proposer is not in optimistic_proposers any more", count.Optimistic.Lapsed)
			require.Equal(t, c.verdict, count.Verdict)
			w.requireInvariants()
			require.Equal(t, c.verdict == types.VERDICT_ACCEPTED, w.ended(id).Status == govv1.StatusPassed)
		})
	}
}

func TestAMessageThatIsRemovedFromTheListNeedsVotes(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.allow()
	id, other := w.suggest(w.change()), w.suggest(w.change())
	w.vote(w.operator(0), other, govv1.OptionYes)
	require.NoError(t, w.changeParams(func(p *types.Params) { p.OptimisticMessages = p.OptimisticMessages[:1] }))
	require.Contains(t, w.count(id).Optimistic.Lapsed, "/theta.edgenode.v1.MsgUpdateParams is not in optimistic_messages")
	w.endBlock(votingTime)
	require.Equal(t, govv1.StatusRejected, w.proposal(id).Status)
	require.Equal(t, govv1.StatusPassed, w.proposal(other).Status)
}

// If the share changes during a voting, the lower one applies: voters who object rely on it.
func TestTheLowerShareOfObjectionsApplies(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.allow()
	id := w.suggest(w.change())
	share := func(bps uint32) func(*types.Params) { return func(p *types.Params) { p.ObjectionBps = bps } }
	w.vote(w.operator(2), id, govv1.OptionNo) // 400 of 2,100
	require.NoError(t, w.changeParams(share(3_333)))
	require.EqualValues(t, 1_000, w.count(id).Optimistic.ObjectionBps)
	require.Equal(t, types.VERDICT_OBJECTED, w.count(id).Verdict)
	second := w.suggest(w.change())
	w.vote(w.operator(2), second, govv1.OptionNo)
	require.Equal(t, types.VERDICT_ACCEPTED, w.count(second).Verdict, "it has begun with the higher share")
	require.NoError(t, w.changeParams(share(1)))
	require.EqualValues(t, 1, w.count(second).Optimistic.ObjectionBps)
	w.endBlock(votingTime)
	for _, id := range []uint64{id, second} {
		require.Equal(t, govv1.StatusRejected, w.proposal(id).Status)
	}
}

// Objections follow the stake of those who object, until the voting ends.
func TestAnObjectionCountsTheStakeAtTheEndOfTheVoting(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.allow()
	id := w.suggest(w.change())
	w.vote(w.person(1), id, govv1.OptionNo)
	require.Equal(t, types.VERDICT_ACCEPTED, w.count(id).Verdict, "nothing is at stake")
	w.must(stakingtypes.NewMsgDelegate(w.person(1).String(), w.validator(1), tfuel(300)))
	require.Equal(t, types.VERDICT_OBJECTED, w.count(id).Verdict, "300 of 2,400")
	w.must(stakingtypes.NewMsgUndelegate(w.person(1).String(), w.validator(1), tfuel(100)))
	require.Equal(t, types.VERDICT_ACCEPTED, w.count(id).Verdict, "200 of 2,300")
	w.must(stakingtypes.NewMsgDelegate(w.person(2).String(), w.validator(2), tfuel(50)))
	w.vote(w.operator(2), id, govv1.OptionNo)
	w.vote(w.person(2), id, govv1.OptionYes)
	require.Equal(t, math.LegacyNewDecFromInt(tfuel(600).Amount), w.count(id).Optimistic.Objections, "a validator objects for all who do not vote")
	w.requireInvariants()
	require.Equal(t, govv1.StatusRejected, w.ended(id).Status)
}

// A bond that comes to object counts neither as an objection nor as power.
func TestAYoungBondDoesNotObject(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.allow()
	w.must(w.registration(w.person(2), 200))
	id := w.suggest(w.change())
	w.must(w.registration(w.person(1), 5_000))
	w.must(w.bond(w.person(2), 5_000))
	w.vote(w.person(1), id, govv1.OptionNo)
	w.vote(w.person(2), id, govv1.OptionNoWithVeto)
	count := w.count(id)
	require.Equal(t, tfuel(2_300).Amount, count.Optimistic.Power)
	require.Equal(t, math.LegacyNewDecFromInt(tfuel(200).Amount), count.Optimistic.Objections)
	require.Equal(t, types.VERDICT_ACCEPTED, count.Verdict)
	w.must(&edgenodetypes.MsgRetire{Operator: w.person(2).String()})
	require.Equal(t, tfuel(2_100).Amount, w.count(id).Optimistic.Power)
	w.requireInvariants()
	require.Equal(t, govv1.StatusPassed, w.ended(id).Status)
}

// A voting of an expedited proposal, or of one without messages, cannot be optimistic.
func TestTheInvariantFindsAMarkOnAnotherKindOfProposal(t *testing.T) {
	for name, propose := range map[string]func(w *world) uint64{
		"expedited": func(w *world) uint64 { return w.propose(true, w.change()) },
		"a text": func(w *world) uint64 {
			msg := w.submission(false)
			msg.Metadata = "ipfs://text"
			w.must(msg)
			return 1
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newChain(t))
			require.EqualValues(t, 1, propose(w))
			w.requireInvariants()
			genesis, err := w.chain.App.TallyKeeper.ExportGenesis(w.ctx)
			require.NoError(t, err)
			genesis.Votings[0].ObjectionBps = 1_000
			require.NoError(t, w.chain.App.TallyKeeper.InitGenesis(w.ctx, *genesis))
			for _, result := range w.chain.App.TallyKeeper.CheckInvariants(w.ctx) {
				require.Equal(t, result.Name == "optimistic", result.Err != nil, "%s: %v", result.Name, result.Err)
			}
		})
	}
}

// A list in the genesis is checked like one in a proposal.
func TestAGenesisWithOtherMessagesIsRefused(t *testing.T) {
	w := newWorld(t, newChain(t))
	genesis := types.DefaultGenesis()
	genesis.Params.OptimisticMessages = []string{"/theta.tally.v1.MsgUpdateParams"}
	require.ErrorIs(t, w.chain.App.TallyKeeper.InitGenesis(w.ctx, *genesis), types.ErrInvalidParams)
}

// A genesis cannot contain the voting of a proposal to come, which would then be optimistic without having been
// checked.
func TestAGenesisWithTheVotingOfAProposalToComeIsRefused(t *testing.T) {
	w := newWorld(t, newChain(t))
	w.allow()
	w.suggest(w.change())
	genesis, err := w.chain.App.TallyKeeper.ExportGenesis(w.ctx)
	require.NoError(t, err)
	require.NoError(t, w.chain.App.TallyKeeper.InitGenesis(w.ctx, *genesis))
	later := genesis.Votings[0]
	later.ProposalId, later.Number = 2, 2
	genesis.Votings, genesis.LastNumber = append(genesis.Votings, later), 2
	err = w.chain.App.TallyKeeper.InitGenesis(w.ctx, *genesis)
	require.ErrorIs(t, err, types.ErrInvalidGenesis)
	require.ErrorContains(t, err, "expected votings of proposals before 2, which x/gov makes next, found proposal 2")
}

// An optimistic proposal in JSON reads its messages, as clients and ledgers write it.
func TestAnOptimisticProposalSurvivesItsEncodings(t *testing.T) {
	w := newWorld(t, newChain(t))
	msg, cdc := w.suggestion(w.change()), w.chain.App.AppCodec().(*codec.ProtoCodec)
	raw, err := cdc.MarshalJSON(msg)
	require.NoError(t, err)
	var found types.MsgSubmitOptimistic
	require.NoError(t, cdc.UnmarshalJSON(raw, &found))
	require.Equal(t, w.change().(*edgenodetypes.MsgUpdateParams).String(), found.Messages[0].GetCachedValue().(*edgenodetypes.MsgUpdateParams).String())
	signers, _, err := cdc.GetMsgV1Signers(&found)
	require.NoError(t, err)
	require.Equal(t, [][]byte{w.person(0)}, signers)
	require.Implements(t, (*codectypes.UnpackInterfacesMessage)(nil), found)
}
