package app_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	msgv1 "cosmossdk.io/api/cosmos/msg/v1"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	"github.com/thetaedge/theta/testutil/twin"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	tallytypes "github.com/thetaedge/theta/x/tally/types"
)

// suggestion returns an optimistic proposal.
func suggestion(t *testing.T, proposer apptest.Account, messages ...sdk.Msg) sdk.Msg {
	t.Helper()
	msg := &tallytypes.MsgSubmitOptimistic{
		Proposer: proposer.String(), InitialDeposit: sdk.NewCoins(params.TfuelCoin(1_000)), Title: "title", Summary: "summary",
	}
	for _, message := range messages {
		packed, err := codectypes.NewAnyWithValue(message)
		require.NoError(t, err)
		msg.Messages = append(msg.Messages, packed)
	}
	return msg
}

// newClass returns a message of governance that adds a hardware class.
func newClass(t *testing.T, chain *apptest.Chain, name string) *edgenodetypes.MsgUpdateParams {
	t.Helper()
	now, err := chain.App.EdgenodeKeeper.Params(chain.Ctx())
	require.NoError(t, err)
	class := now.Classes[0]
	class.Id = name
	now.Classes = append(now.Classes, class)
	return &edgenodetypes.MsgUpdateParams{Authority: app.Authority(), Params: now}
}

// optimists lets accounts make optimistic proposals of hardware classes.
func optimists(accounts ...apptest.Account) apptest.Option {
	return apptest.WithGenesis(func(cdc codec.Codec, genesis map[string]json.RawMessage) {
		var state tallytypes.GenesisState
		cdc.MustUnmarshalJSON(genesis[tallytypes.ModuleName], &state)
		for _, account := range accounts {
			state.Params.OptimisticProposers = append(state.Params.OptimisticProposers, account.String())
		}
		state.Params.OptimisticMessages = []string{sdk.MsgTypeURL(&edgenodetypes.MsgUpdateParams{})}
		genesis[tallytypes.ModuleName] = cdc.MustMarshalJSON(&state)
	})
}

// Without a vote, an optimistic proposal adds a class; objections of a tenth of the power
// keep another one from it. All kinds of nodes agree.
func TestAnOptimisticProposalIsCarriedOutUnlessVotersObject(t *testing.T) {
	const blocks = votingBlocks + 6
	network := edge.New(t, 2, 0) // the validator has 1,000 tfuel, each node 500
	var one, other *edgenodetypes.MsgUpdateParams
	script := func(chain *apptest.Chain, i int) [][]byte {
		switch i {
		case 0:
			return network.Register(chain)
		case 1:
			one, other = newClass(t, chain, "one"), newClass(t, chain, "other")
			return [][]byte{
				chain.Sign(network.Requester, []sdk.Msg{suggestion(t, network.Requester, one)}),
				chain.Sign(network.Requester, []sdk.Msg{suggestion(t, network.Requester, other)}),
				chain.Sign(network.Nodes[0].Operator, []sdk.Msg{suggestion(t, network.Nodes[0].Operator, other)}), // is not in the list
			}
		case 2:
			return [][]byte{
				chain.Sign(chain.Validator, []sdk.Msg{govv1.NewMsgVote(chain.Validator.Address, 2, govv1.OptionYes, "")}),
				chain.Sign(network.Nodes[0].Operator, []sdk.Msg{govv1.NewMsgVote(network.Nodes[0].Operator.Address, 2, govv1.OptionNo, "")}),
			}
		}
		edge.RequireInvariants(t, chain)
		return nil
	}
	options := append(network.Options(), apptest.WithGenesis(shortVotings), optimists(network.Requester))
	chain := twin.Run(t, blocks, script, twin.Variants(t, blocks), options...)
	edge.RequireInvariants(t, chain)
	for id, status := range map[uint64]govv1.ProposalStatus{1: govv1.StatusPassed, 2: govv1.StatusRejected} {
		proposal, err := chain.App.GovKeeper.Proposals.Get(chain.Ctx(), id)
		require.NoError(t, err)
		require.Equal(t, status, proposal.Status, "proposal %d: %s", id, proposal.FailedReason)
	}
	has, err := chain.App.GovKeeper.Proposals.Has(chain.Ctx(), 3)
	require.NoError(t, err)
	require.False(t, has)
	found, err := chain.App.EdgenodeKeeper.Params(chain.Ctx())
	require.NoError(t, err)
	require.Equal(t, one.Params, found)
	genesis, err := chain.App.TallyKeeper.ExportGenesis(chain.Ctx())
	require.NoError(t, err)
	require.Empty(t, genesis.Votings)
	require.Equal(t, tallytypes.VERDICT_OBJECTED, genesis.Tallies[1].Verdict)
	require.Equal(t, params.Tfuel(1_500), genesis.Tallies[1].Optimistic.Power)
}

// A chain that is exported during the voting knows that a proposal is optimistic, and decides as the chain
// itself does.
func TestAnExportKeepsOptimisticProposals(t *testing.T) {
	network := edge.New(t, 1, 0)
	chain := apptest.New(t, append(network.Options(), apptest.WithGenesis(shortVotings), optimists(network.Requester))...)
	for range 2 {
		chain.MustDeliver(network.Requester, suggestion(t, network.Requester, newClass(t, chain, "one")))
	}
	chain.MustDeliver(chain.Validator, govv1.NewMsgVote(chain.Validator.Address, 2, govv1.OptionNo, ""))
	fork := chain.Fork()
	expected, err := chain.App.TallyKeeper.ExportGenesis(chain.Ctx())
	require.NoError(t, err)
	require.Len(t, expected.Votings, 2)
	require.EqualValues(t, 1_000, expected.Votings[1].ObjectionBps)
	found, err := fork.App.TallyKeeper.ExportGenesis(fork.Genesis())
	require.NoError(t, err)
	require.Equal(t, expected.String(), found.String())
	for range votingBlocks + 2 {
		chain.NextBlock()
		fork.NextBlock()
	}
	for _, c := range []*apptest.Chain{chain, fork} {
		edge.RequireInvariants(t, c)
		for id, status := range map[uint64]govv1.ProposalStatus{1: govv1.StatusPassed, 2: govv1.StatusRejected} {
			proposal, err := c.App.GovKeeper.Proposals.Get(c.Ctx(), id)
			require.NoError(t, err)
			require.Equal(t, status, proposal.Status)
		}
	}
}

// Of all messages that the app knows, governance can list two. Each of them is one that only governance
// sends.
func TestGovernanceListsNoMessageButRoutineOnes(t *testing.T) {
	chain := apptest.New(t)
	var listed []string
	for _, url := range chain.App.InterfaceRegistry().ListImplementations(sdk.MsgInterfaceProtoName) {
		ctx, params := chain.Ctx(), tallytypes.DefaultParams()
		params.OptimisticMessages = []string{url}
		msg := &tallytypes.MsgUpdateParams{Authority: app.Authority(), Params: params}
		if _, err := chain.App.MsgServiceRouter().Handler(msg)(ctx, msg); err != nil {
			require.ErrorContains(t, err, "found "+url)
			continue
		}
		listed = append(listed, url)
		require.NotNil(t, chain.App.MsgServiceRouter().HandlerByTypeURL(url), url)
		descriptor, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(url[1:]))
		if err != nil {
			descriptor, err = chain.App.InterfaceRegistry().FindDescriptorByName(protoreflect.FullName(url[1:]))
		}
		require.NoError(t, err, url)
		require.Equal(t, []string{"authority"}, proto.GetExtension(descriptor.Options(), msgv1.E_Signer), url)
	}
	require.ElementsMatch(t, []string{
		"/theta.compute.v1.MsgUpdateCarbonFactors", "/theta.edgenode.v1.MsgUpdateParams",
	}, listed)
}
