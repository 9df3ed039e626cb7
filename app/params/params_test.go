package params_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
)

func TestDefaultsAreSetOnceAndStay(t *testing.T) {
	params.SetSDKDefaults()
	params.SetSDKDefaults()

	require.Equal(t, "theta", sdk.GetConfig().GetBech32AccountAddrPrefix())
	require.Equal(t, "thetavaloper", sdk.GetConfig().GetBech32ValidatorAddrPrefix())
	require.Equal(t, "thetavalcons", sdk.GetConfig().GetBech32ConsensusAddrPrefix())
	require.Equal(t, "m/44'/118'/0'/0/0", sdk.GetConfig().GetFullBIP44Path())
	require.Equal(t, "atfuel", sdk.DefaultBondDenom)
	require.Equal(t, "1000000000000000000", sdk.DefaultPowerReduction.String())
}

func TestCoinsMayBeGivenInTfuel(t *testing.T) {
	params.SetSDKDefaults()
	coins, err := sdk.ParseCoinsNormalized("1.5tfuel")
	require.NoError(t, err)
	require.Equal(t, "1500000000000000000atfuel", coins.String())
	coins, err = sdk.ParseCoinsNormalized("7atfuel")
	require.NoError(t, err)
	require.Equal(t, "7atfuel", coins.String())
}
