package main

import (
	"encoding/json"
	"testing"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

func acknowledgement(t *testing.T, responses ...proto.Message) []byte {
	t.Helper()
	var data sdk.TxMsgData
	for _, response := range responses {
		packed, err := codectypes.NewAnyWithValue(response)
		require.NoError(t, err)
		data.MsgResponses = append(data.MsgResponses, packed)
	}
	raw, err := proto.Marshal(&data)
	require.NoError(t, err)
	ack, err := json.Marshal(map[string][]byte{"result": raw})
	require.NoError(t, err)
	return ack
}

func TestAnAcknowledgementNamesTheJobOrTheRefusal(t *testing.T) {
	posted := &computetypes.MsgPostJobResponse{JobId: "7-0-0"}
	job, err := jobOf(acknowledgement(t, posted))
	require.NoError(t, err)
	require.Equal(t, "7-0-0", job)
	for name, raw := range map[string]string{
		"refused":       `{"error":"ABCI code: 5"}`,
		"not JSON":      `x`,
		"not base64":    `{"result":"?"}`,
		"not protobuf":  `{"result":"/////w=="}`,
		"two responses": string(acknowledgement(t, posted, posted)),
		"no response":   string(acknowledgement(t)),
	} {
		_, err := jobOf([]byte(raw))
		require.Error(t, err, name)
	}
}

func TestAFigureThatDiffersIsAnError(t *testing.T) {
	require.NoError(t, expect("escrow", math.NewInt(11), math.NewInt(11)))
	require.EqualError(t, expect("escrow", math.NewInt(11), math.NewInt(12)), "escrow: expected 11, found 12")
}
