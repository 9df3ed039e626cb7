package chain

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func TestADutyIsPaidForByWhatMissingItCosts(t *testing.T) {
	for name, c := range map[string]struct {
		loss  int64
		share uint32
		caps  FeeCaps
		want  string
	}{
		"worth it":                     {loss: 20_000_000_000, share: 500},
		"not worth it":                 {loss: 2_000_000_000, share: 500, want: "fees.duty-percent allows 100000000atfuel"},
		"worth it at another setting":  {loss: 2_000_000_000, share: 5_000},
		"worth more than a gas's most": {loss: 1 << 60, share: 500, caps: FeeCaps{GasPrice: sdk.NewInt64Coin("atfuel", 100)}, want: "fees.max-gas-price is 100atfuel"},
		"worth more than a tx's most":  {loss: 1 << 60, share: 500, caps: FeeCaps{Tx: sdk.NewInt64Coin("atfuel", 1_000)}, want: "fees.max-tx is 1000atfuel"},
	} {
		t.Run(name, func(t *testing.T) {
			// The lane does not accept it, because it uses more gas than an item may.
			m, conn := modelWith(t, func(m *modelNode) { m.base, m.itemGas = 100, 1_500_000 })
			var batch Batch
			m.owe(&batch, Commit, "1-0-0", 1_000)
			batch.Stakes[Duty{Commit, ref("1-0-0")}] = Stake{Loss: sdkmath.NewInt(c.loss), Deadline: 1_000}
			if c.caps.GasPrice.Denom == "" {
				c.caps.GasPrice = sdk.NewInt64Coin("atfuel", 1_000)
			}
			c.caps.DutyBps = c.share
			done, err := m.senderOn(conn, TxConfig{Caps: c.caps}).Submit(t.Context(), batch, 100)
			taken, _, unsent := counted(t, batch, done)
			if c.want == "" {
				require.NoError(t, err)
				require.Equal(t, 1, taken)
				return
			}
			require.Equal(t, 1, unsent)
			require.ErrorIs(t, err, ErrFeeCap)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "would cost")
			require.ErrorContains(t, err, fmt.Sprintf("missing what it brings costs %datfuel", c.loss))
			require.Empty(t, m.executed)
		})
	}
}

// TestAtTheLeastPriceADutyIsSentWhateverItIsWorth: otherwise a node would never do work of
// little value.
func TestAtTheLeastPriceADutyIsSentWhateverItIsWorth(t *testing.T) {
	for name, base := range map[string]int64{"blocks have room": 10, "blocks are full": 1_000_000} {
		t.Run(name, func(t *testing.T) {
			m, conn := model(t)
			m.base = base
			var batch Batch
			m.owe(&batch, Commit, "1-0-0", 1_000)
			batch.Stakes[Duty{Commit, ref("1-0-0")}] = Stake{Loss: sdkmath.NewInt(1), Deadline: 1_000}
			_, err := m.senderOn(conn, TxConfig{Caps: FeeCaps{GasPrice: sdk.NewInt64Coin("atfuel", 10)}}).Submit(t.Context(), batch, 100)
			require.NoError(t, err)
			require.Len(t, m.executed, 1)
		})
	}
}

func TestADutyOfLittleWorthKeepsNoneOfGreatWorthBack(t *testing.T) {
	m, conn := modelWith(t, func(m *modelNode) { m.base, m.itemGas = 100, 1_500_000 })
	var batch Batch
	m.owe(&batch, Reveal, "1-0-0", 1_000)
	m.owe(&batch, Commit, "2-0-0", 1_000)
	m.owe(&batch, Commit, "3-0-0", 1_000)
	batch.Stakes[Duty{Reveal, ref("1-0-0")}] = Stake{Loss: sdkmath.NewInt(10_000_000_000)}
	for _, job := range []string{"2-0-0", "3-0-0"} {
		batch.Stakes[Duty{Commit, ref(job)}] = Stake{Loss: sdkmath.NewInt(1_000)}
	}
	caps := FeeCaps{GasPrice: sdk.NewInt64Coin("atfuel", 1_000), DutyBps: 500}
	done, err := m.senderOn(conn, TxConfig{Caps: caps}).Submit(t.Context(), batch, 100)
	require.ErrorContains(t, err, "fees.duty-percent")
	taken, _, unsent := counted(t, batch, done)
	require.Equal(t, []int{1, 2}, []int{taken, unsent})
	require.IsType(t, &computetypes.MsgReveal{}, m.executed[0].messages[0])
}
