package cmd_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/cmd/thetad/cmd"
)

func TestParamsOfClientsAreOneCommandThatSaysWhichNodeDoesNotAnswer(t *testing.T) {
	seen := 0
	for _, command := range find(cmd.NewRootCmd(), "query", "ibc", "client").Commands() {
		if command.Name() == "params" {
			seen++
		}
	}
	require.Equal(t, 1, seen)
	_, err := run(t, t.TempDir(), "query", "ibc", "client", "params", "--node", "tcp://127.0.0.1:1")
	require.ErrorContains(t, err, "127.0.0.1:1")
}

func TestAPacketIsEncodedWithoutAFlag(t *testing.T) {
	out, err := run(t, t.TempDir(), "tx", "interchain-accounts", "host", "generate-packet-data",
		`{"@type":"/cosmos.bank.v1beta1.MsgSend","from_address":"theta1","to_address":"theta1","amount":[]}`)
	require.NoError(t, err)
	var packet struct {
		Type string `json:"type"`
		Data []byte `json:"data"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &packet))
	require.Equal(t, "TYPE_EXECUTE_TX", packet.Type)
	require.NotEmpty(t, packet.Data)
}
