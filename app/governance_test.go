package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	govv1beta1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1beta1"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
)

func TestATextProposalOfTheOldFormIsTaken(t *testing.T) {
	chain := apptest.New(t)
	content, err := govv1.NewLegacyContent(govv1beta1.NewTextProposal("title", "text"), app.Authority())
	require.NoError(t, err)
	proposal, err := govv1.NewMsgSubmitProposal([]sdk.Msg{content}, sdk.NewCoins(params.TfuelCoin(1_000)),
		chain.Accounts[0].String(), "", "title", "text", false)
	require.NoError(t, err)
	chain.MustDeliver(chain.Accounts[0], proposal)
}
