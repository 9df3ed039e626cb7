package app_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	govv1beta1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1beta1"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	"github.com/thetaedge/theta/testutil/twin"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	feemarkettypes "github.com/thetaedge/theta/x/feemarket/types"
	rewardskeeper "github.com/thetaedge/theta/x/rewards/keeper"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
	tallytypes "github.com/thetaedge/theta/x/tally/types"
)

func TestATextProposalOfTheOldFormIsTaken(t *testing.T) {
	chain := apptest.New(t)
	content, err := govv1.NewLegacyContent(govv1beta1.NewTextProposal("title", "text"), app.Authority())
	require.NoError(t, err)
	chain.MustDeliver(chain.Accounts[0], submission(t, chain.Accounts[0], false, content))
}

// submission returns a proposal whose voting begins at once.
func submission(t *testing.T, proposer apptest.Account, expedited bool, messages ...sdk.Msg) sdk.Msg {
	t.Helper()
	deposit := int64(1_000)
	if expedited {
		deposit = 5_000
	}
	proposal, err := govv1.NewMsgSubmitProposal(messages, sdk.NewCoins(params.TfuelCoin(deposit)),
		proposer.String(), "", "title", "summary", expedited)
	require.NoError(t, err)
	return proposal
}

// votingBlocks is the length of a voting in blocks.
const votingBlocks = 20

// shortVotings makes votings short, and expedited ones half as long.
func shortVotings(cdc codec.Codec, genesis map[string]json.RawMessage) {
	var state govv1.GenesisState
	cdc.MustUnmarshalJSON(genesis[govtypes.ModuleName], &state)
	voting, hasty := votingBlocks*1500*time.Millisecond, votingBlocks/2*1500*time.Millisecond
	state.Params.VotingPeriod, state.Params.ExpeditedVotingPeriod = &voting, &hasty
	genesis[govtypes.ModuleName] = cdc.MustMarshalJSON(&state)
}

// changedParams returns a change of a parameter of each module of this chain whose parameters bonds may
// change, and a check that all of them are in force.
func changedParams(t *testing.T, chain *apptest.Chain) (messages []sdk.Msg, inForce func(*apptest.Chain) bool) {
	t.Helper()
	k, ctx := chain.App, chain.Ctx()
	beacon, err := k.BeaconKeeper.Params(ctx)
	require.NoError(t, err)
	compute, err := k.ComputeKeeper.Params(ctx)
	require.NoError(t, err)
	edgenode, err := k.EdgenodeKeeper.Params(ctx)
	require.NoError(t, err)
	feemarket, err := k.FeemarketKeeper.Params(ctx)
	require.NoError(t, err)
	beacon.PruneLimit++
	compute.MaxBatch++
	edgenode.MaxYields++
	feemarket.LaneBps++
	messages = []sdk.Msg{
		&computetypes.MsgUpdateParams{Authority: app.Authority(), Params: compute},
		&edgenodetypes.MsgUpdateParams{Authority: app.Authority(), Params: edgenode},
		&feemarkettypes.MsgUpdateParams{Authority: app.Authority(), Params: feemarket},
		&beacontypes.MsgUpdateParams{Authority: app.Authority(), Params: beacon},
	}
	return messages, func(chain *apptest.Chain) bool {
		k, ctx := chain.App, chain.Ctx()
		b, _ := k.BeaconKeeper.Params(ctx)
		c, _ := k.ComputeKeeper.Params(ctx)
		e, _ := k.EdgenodeKeeper.Params(ctx)
		f, _ := k.FeemarketKeeper.Params(ctx)
		return b.PruneLimit == beacon.PruneLimit && c.MaxBatch == compute.MaxBatch && e.MaxYields == edgenode.MaxYields &&
			f.LaneBps == feemarket.LaneBps
	}
}

// Bonds of nodes change the parameters of every module but x/rewards against a validator that is alone,
// on every kind of node in the same way.
func TestBondsChangeTheParametersOfModules(t *testing.T) {
	const blocks = votingBlocks + 6
	network := edge.New(t, 5, 0) // 2,500 tfuel of bonds, the validator has 1,000
	var inForce func(*apptest.Chain) bool
	script := func(chain *apptest.Chain, i int) [][]byte {
		switch i {
		case 0:
			return network.Register(chain)
		case 1:
			var messages []sdk.Msg
			messages, inForce = changedParams(t, chain)
			return [][]byte{chain.Sign(network.Requester, []sdk.Msg{submission(t, network.Requester, false, messages...)})}
		case 2:
			txs := [][]byte{chain.Sign(chain.Validator, []sdk.Msg{govv1.NewMsgVote(chain.Validator.Address, 1, govv1.OptionNo, "")})}
			for _, node := range network.Nodes {
				txs = append(txs, chain.Sign(node.Operator, []sdk.Msg{govv1.NewMsgVote(node.Operator.Address, 1, govv1.OptionYes, "")}))
			}
			return txs
		case 3:
			require.False(t, inForce(chain))
			edge.RequireInvariants(t, chain)
			return [][]byte{chain.Sign(network.Nodes[0].Operator, []sdk.Msg{&edgenodetypes.MsgRetire{Operator: network.Nodes[0].Operator.String()}})}
		}
		return nil
	}
	options := append(network.Options(), apptest.WithGenesis(shortVotings))
	chain := twin.Run(t, blocks, script, twin.Variants(t, blocks), options...)
	edge.RequireInvariants(t, chain)
	proposal, err := chain.App.GovKeeper.Proposals.Get(chain.Ctx(), 1)
	require.NoError(t, err)
	require.Equal(t, govv1.StatusPassed, proposal.Status, proposal.FailedReason)
	require.Equal(t, params.Tfuel(2_000).String(), proposal.FinalTallyResult.YesCount, "the retired node does not count")
	require.Equal(t, params.Tfuel(1_000).String(), proposal.FinalTallyResult.NoCount)
	require.True(t, inForce(chain))
}

// A chain that is exported during a voting decides as the chain itself does.
func TestAnExportDuringAVotingKeepsTheVotes(t *testing.T) {
	network := edge.New(t, 3, 0)
	chain := apptest.New(t, append(network.Options(), apptest.WithGenesis(shortVotings))...)
	chain.NextBlock(network.Register(chain)...)
	chain.MustDeliver(network.Requester, submission(t, network.Requester, true, changeOfYields(t, chain)))
	chain.MustDeliver(chain.Validator, govv1.NewMsgVote(chain.Validator.Address, 1, govv1.OptionNo, ""))
	for _, node := range network.Nodes {
		chain.MustDeliver(node.Operator, govv1.NewMsgVote(node.Operator.Address, 1, govv1.OptionYes, ""))
	}
	chain.MustDeliver(network.Nodes[1].Operator, &edgenodetypes.MsgBond{Operator: network.Nodes[1].Operator.String(), Amount: params.TfuelCoin(10_000)})
	fork := chain.Fork()
	expected, err := chain.App.TallyKeeper.ExportGenesis(chain.Ctx())
	require.NoError(t, err)
	require.Len(t, expected.Increases, 1)
	found, err := fork.App.TallyKeeper.ExportGenesis(fork.Genesis())
	require.NoError(t, err)
	require.Equal(t, expected.String(), found.String())
	for range 2 * votingBlocks {
		chain.NextBlock()
		fork.NextBlock()
	}
	for _, c := range []*apptest.Chain{chain, fork} {
		edge.RequireInvariants(t, c)
		proposal, err := c.App.GovKeeper.Proposals.Get(c.Ctx(), 1)
		require.NoError(t, err)
		require.False(t, proposal.Expedited, "1,500 of 2,500 tfuel are too few for an expedited proposal")
		require.Equal(t, govv1.StatusPassed, proposal.Status, proposal.FailedReason)
		require.Equal(t, params.Tfuel(1_500).String(), proposal.FinalTallyResult.YesCount)
	}
}

func changeOfYields(t *testing.T, chain *apptest.Chain) sdk.Msg {
	t.Helper()
	now, err := chain.App.EdgenodeKeeper.Params(chain.Ctx())
	require.NoError(t, err)
	now.MaxYields++
	return &edgenodetypes.MsgUpdateParams{Authority: app.Authority(), Params: now}
}

// tallied returns the counts that a block reports.
func tallied(t *testing.T, block *abci.ResponseFinalizeBlock) []tallytypes.Tally {
	t.Helper()
	var all []tallytypes.Tally
	for _, event := range block.Events {
		if event.Type != "theta.tally.v1.EventTallied" {
			continue
		}
		event.Attributes = slices.DeleteFunc(slices.Clone(event.Attributes), func(a abci.EventAttribute) bool { return a.Key == "mode" })
		parsed, err := sdk.ParseTypedEvent(event)
		require.NoError(t, err)
		all = append(all, parsed.(*tallytypes.EventTallied).Tally)
	}
	return all
}

func TestTheEndOfAVotingIsReported(t *testing.T) {
	network := edge.New(t, 1, 0)
	chain := apptest.New(t, append(network.Options(), apptest.WithGenesis(shortVotings))...)
	chain.NextBlock(network.Register(chain)...)
	chain.MustDeliver(network.Requester, submission(t, network.Requester, true, changeOfYields(t, chain)))
	chain.MustDeliver(chain.Validator, govv1.NewMsgVote(chain.Validator.Address, 1, govv1.OptionYes, ""))
	operator := network.Nodes[0].Operator
	chain.MustDeliver(operator, govv1.NewMsgVote(operator.Address, 1, govv1.OptionAbstain, ""))
	var reported []tallytypes.Tally
	for range votingBlocks {
		reported = append(reported, tallied(t, chain.NextBlock())...)
	}
	require.Len(t, reported, 1)
	require.Equal(t, tallytypes.VERDICT_ACCEPTED, reported[0].Verdict)
	require.Equal(t, math.LegacyNewDecFromInt(params.Tfuel(edge.NodeBond)), reported[0].Operators.Abstain)
	require.Equal(t, params.Tfuel(1_000+edge.NodeBond), reported[0].All.Power)
}

// A mistake in the gas that a transaction may ask for can be voted away: proposal and vote still fit.
func TestVotersRaiseTheGasOfATransactionAgain(t *testing.T) {
	chain := apptest.New(t, apptest.WithGenesis(shortVotings), apptest.WithGenesis(func(cdc codec.Codec, genesis map[string]json.RawMessage) {
		var state feemarkettypes.GenesisState
		cdc.MustUnmarshalJSON(genesis[feemarkettypes.ModuleName], &state)
		state.Params.TxBps = 1
		genesis[feemarkettypes.ModuleName] = cdc.MustMarshalJSON(&state)
	}))
	send := func(from apptest.Account, msg sdk.Msg) {
		result := chain.NextBlock(chain.Sign(from, []sdk.Msg{msg}, apptest.WithGas(feemarkettypes.LeastTxGas))).TxResults[0]
		require.Zero(t, result.Code, result.Log)
	}
	require.Contains(t, chain.Deliver(chain.Accounts[0], govv1.NewMsgVote(chain.Accounts[0].Address, 1, govv1.OptionYes, "")).Log, "gas limit too high")
	params := feemarkettypes.DefaultParams()
	send(chain.Accounts[0], submission(t, chain.Accounts[0], false, &feemarkettypes.MsgUpdateParams{Authority: app.Authority(), Params: params}))
	send(chain.Validator, govv1.NewMsgVote(chain.Validator.Address, 1, govv1.OptionYes, ""))
	chain.Blocks(votingBlocks + 1)
	found, err := chain.App.FeemarketKeeper.Params(chain.Ctx())
	require.NoError(t, err)
	require.Equal(t, params, found)
}

// Governance refuses parameters that a module refuses, when the proposal is carried out.
func TestAProposalWithInvalidParametersFails(t *testing.T) {
	chain := apptest.New(t, apptest.WithGenesis(shortVotings))
	invalid := changeOfYields(t, chain).(*edgenodetypes.MsgUpdateParams)
	invalid.Params.MaxYields = 1 << 20
	chain.MustDeliver(chain.Accounts[0], submission(t, chain.Accounts[0], false, invalid))
	chain.MustDeliver(chain.Validator, govv1.NewMsgVote(chain.Validator.Address, 1, govv1.OptionYes, ""))
	chain.Blocks(votingBlocks + 1)
	proposal, err := chain.App.GovKeeper.Proposals.Get(chain.Ctx(), 1)
	require.NoError(t, err)
	require.Equal(t, govv1.StatusFailed, proposal.Status)
	require.Contains(t, proposal.FailedReason, "max_yields")
}

func TestTheProposerCanCancelDuringTheVoting(t *testing.T) {
	chain := apptest.New(t, apptest.WithGenesis(shortVotings))
	proposer, other := chain.Accounts[0], chain.Accounts[1]
	chain.MustDeliver(proposer, submission(t, proposer, false, changeOfYields(t, chain)))
	chain.MustDeliver(chain.Validator, govv1.NewMsgVote(chain.Validator.Address, 1, govv1.OptionYes, ""))
	require.NotZero(t, chain.Deliver(other, govv1.NewMsgCancelProposal(1, other.String())).Code)
	chain.MustDeliver(proposer, govv1.NewMsgCancelProposal(1, proposer.String()))
	require.NotZero(t, chain.Deliver(chain.Validator, govv1.NewMsgVote(chain.Validator.Address, 1, govv1.OptionNo, "")).Code)
	chain.Blocks(votingBlocks + 1)
	edge.RequireInvariants(t, chain)
	has, err := chain.App.GovKeeper.Proposals.Has(chain.Ctx(), 1)
	require.NoError(t, err)
	require.False(t, has)
}

// grantMessages returns a grant of public work for a grantee, and the same within a message of x/authz.
func grantMessages(grantee apptest.Account) (plain, nested sdk.Msg) {
	plain = &rewardstypes.MsgCreateGrant{Authority: app.Authority(), Terms: rewardstypes.GrantTerms{
		Grantee: grantee.String(), Purpose: "science", Programs: [][]byte{bytes.Repeat([]byte{7}, 32)},
		Prices: []rewardstypes.GrantPrice{{Class: "cpu-small", Price: math.NewInt(2_000)}},
		Budget: math.NewInt(100_000), Epochs: 3, Policy: computetypes.POLICY_KIND_QUORUM, Deposit: math.NewInt(1_000), FuelPerBlock: 1_000_000_000,
	}}
	exec := authz.NewMsgExec(sdk.MustAccAddressFromBech32(app.Authority()), []sdk.Msg{plain})
	return plain, &exec
}

// changeOfSplit returns a message that gives the stakers' part of a reward to nodes.
func changeOfSplit(t *testing.T, chain *apptest.Chain) sdk.Msg {
	t.Helper()
	rewards, err := chain.App.RewardsKeeper.Params(chain.Ctx())
	require.NoError(t, err)
	rewards.FeeSplit.ExecutorBps += rewards.FeeSplit.StakersBps
	rewards.FeeSplit.StakersBps = 0
	return &rewardstypes.MsgUpdateParams{Authority: app.Authority(), Params: rewards}
}

// Operators of nodes cannot vote coins to themselves: a grant, or another division of rewards, needs
// validators and delegators alone, and all voters. Hiding it in another message does not help.
func TestWhatPaysOperatorsNeedsStakersAloneAndAllVoters(t *testing.T) {
	for _, c := range []struct {
		name               string
		stakers, operators govv1.VoteOption
		passes             bool
	}{
		{"operators alone", govv1.OptionNo, govv1.OptionYes, false},
		{"stakers alone", govv1.OptionYes, govv1.OptionNo, false},
		{"both", govv1.OptionYes, govv1.OptionYes, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			network := edge.New(t, 5, 0) // 2,500 tfuel of bonds, the validator has 1,000
			chain := apptest.New(t, append(network.Options(), apptest.WithGenesis(shortVotings))...)
			chain.NextBlock(network.Register(chain)...)
			plain, nested := grantMessages(network.Requester)
			messages := []sdk.Msg{plain, nested, changeOfSplit(t, chain), changeOfYields(t, chain)}
			for _, message := range messages {
				chain.MustDeliver(network.Requester, submission(t, network.Requester, false, message))
			}
			vote := func(voter apptest.Account, option govv1.VoteOption) {
				var votes []sdk.Msg
				for i := range messages {
					votes = append(votes, govv1.NewMsgVote(voter.Address, uint64(i+1), option, ""))
				}
				chain.MustDeliver(voter, votes...)
			}
			vote(chain.Validator, c.stakers)
			for _, node := range network.Nodes {
				vote(node.Operator, c.operators)
			}
			chain.Blocks(votingBlocks)
			edge.RequireInvariants(t, chain)
			for i := range messages {
				proposal, err := chain.App.GovKeeper.Proposals.Get(chain.Ctx(), uint64(i+1))
				require.NoError(t, err)
				passes := c.passes
				if i == 3 {
					passes = c.operators == govv1.OptionYes // pays no operator: the majority of all decides
				}
				require.Equal(t, passes, proposal.Status == govv1.StatusPassed, "proposal %d: %s %s", i+1, proposal.Status, proposal.FailedReason)
			}
			_, err := chain.App.RewardsKeeper.Grant(chain.Ctx(), 1)
			require.Equal(t, c.passes, err == nil)
		})
	}
}

// A deposit that is burned is noted in the account of the supply.
func TestABurnedDepositIsNotedInTheAccountOfTheSupply(t *testing.T) {
	network := edge.New(t, 3, 0) // 1,500 tfuel of bonds
	chain := apptest.New(t, append(network.Options(), apptest.WithGenesis(shortVotings))...)
	chain.NextBlock(network.Register(chain)...)
	chain.MustDeliver(network.Requester, submission(t, network.Requester, false, changeOfYields(t, chain)))
	for _, node := range network.Nodes {
		chain.MustDeliver(node.Operator, govv1.NewMsgVote(node.Operator.Address, 1, govv1.OptionNoWithVeto, ""))
	}
	chain.Blocks(votingBlocks + 1)
	edge.RequireInvariants(t, chain)
	proposal, err := chain.App.GovKeeper.Proposals.Get(chain.Ctx(), 1)
	require.NoError(t, err)
	require.Equal(t, govv1.StatusRejected, proposal.Status)
	ledger, err := rewardskeeper.NewQueryServer(chain.App.RewardsKeeper).SupplyLedger(chain.Ctx(), &rewardstypes.QuerySupplyLedgerRequest{})
	require.NoError(t, err)
	require.True(t, ledger.Conserved)
	require.Equal(t, params.Tfuel(1_000), ledger.Flows.BurnedBy(rewardstypes.SUPPLY_CAUSE_PROPOSAL_DEPOSITS))
}
