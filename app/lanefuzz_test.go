package app_test

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// Validators inspect the contents of a block before they verify signatures. Real duties whose
// bytes are changed at random do not stop a block: it is executed whatever they are.
func TestChangedDutiesEndNoBlock(t *testing.T) {
	s := newStuffed(t)
	chain := apptest.New(t, s.options()...)
	r := rand.New(rand.NewSource(7))
	types := map[string]bool{}
	for i := range 60 {
		txs := s.Act(chain)
		switch i {
		case 0:
			txs = append(txs, s.Register(chain)...)
		case 14:
			txs = append(txs, s.PostArray(chain, params.TfuelCoin(1), 4))
		}
		var changed [][]byte
		for _, raw := range txs {
			tx, err := chain.App.TxConfig().TxDecoder()(raw)
			require.NoError(t, err)
			types[sdk.MsgTypeURL(tx.GetMsgs()[0])] = true
			for range 40 {
				changed = append(changed, mutate(t, r, raw))
			}
		}
		for _, tx := range changed {
			chain.Judge(tx)
			chain.Check(tx)
		}
		chain.Propose()
		chain.NextBlock(append(changed, txs...)...)
	}
	for _, msg := range []sdk.Msg{&beacontypes.MsgSubmitRound{}, &computetypes.MsgClaim{}, &computetypes.MsgCommit{}, &computetypes.MsgReveal{}} {
		require.True(t, types[sdk.MsgTypeURL(msg)], sdk.MsgTypeURL(msg))
	}
}

// mutate changes the bytes of a message inside of a tx that, if possible, still decodes.
func mutate(t *testing.T, r *rand.Rand, raw []byte) []byte {
	var tx txtypes.TxRaw
	require.NoError(t, tx.Unmarshal(raw))
	var body txtypes.TxBody
	require.NoError(t, body.Unmarshal(tx.BodyBytes))
	value := append([]byte(nil), body.Messages[r.Intn(len(body.Messages))].Value...)
	for range 1 + r.Intn(3) {
		switch r.Intn(4) {
		case 0:
			value[r.Intn(len(value))] ^= 1 << r.Intn(8)
		case 1:
			value[r.Intn(len(value))] = 0
		case 2: // omit a field, or repeat one
			at := r.Intn(len(value))
			value = append(value[:at:at], value[min(len(value), at+1+r.Intn(4)):]...)
		case 3:
			value = append(value, value[r.Intn(len(value)):]...)
		}
		if len(value) == 0 {
			value = []byte{0}
		}
	}
	body.Messages[0].Value = value
	var err error
	tx.BodyBytes, err = body.Marshal()
	require.NoError(t, err)
	out, err := tx.Marshal()
	require.NoError(t, err)
	return out
}
