package coins_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/internal/coins"
)

func TestACoinIsReadWholeOrRefused(t *testing.T) {
	for text, want := range map[string]string{"10atfuel": "10atfuel", "010atfuel": "10atfuel", "7.0uother": "7uother"} {
		coin, err := coins.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, coin.String())
	}
	for _, text := range []string{"", "10", "1.5uother", "0.9uother", "-1uother", "1e3", "１uother", "9999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999uother"} {
		_, err := coins.Parse(text)
		require.Error(t, err, text)
	}
}

func TestCoinsAreWhatTheSDKTakesThemFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`0{0,3}[0-9]{1,25}(\.[0-9]{1,3})? ?[a-z]{3,6}`).Draw(t, "text")
		coin, err := coins.Parse(text)
		if err == nil {
			sdks, err := sdk.ParseCoinNormalized(text)
			require.NoError(t, err)
			require.Equal(t, sdks, coin)
		}
	})
}
