package walls

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// sendersAllowed are places that connect or sign so, with the reason.
func sendersAllowed() map[string]string {
	return map[string]string{
		"client/grpcnode/dial.go":     "it is the one that connects to nodes",
		"client/tx/draft.go":          "it is the one that makes the bytes to sign",
		"client/tx/sender.go":         "it is the one that sends",
		"cmd/thetaedge/cmd/daemon.go": "it connects to the daemon of this machine, not to a node",
		"testutil/apptest/tx.go":      "it signs for an app without a node, with the app's own encoder",
	}
}

func TestTransactionsAreSentByOnePackage(t *testing.T) {
	requireNoLines(t, search{
		flags: []string{"-tags=pebbledb,system,sims"}, except: []string{"tests/walls"}, find: SecondSenders, allowed: sendersAllowed(),
		advice: "connect to nodes with client/grpcnode, and send transactions with client/tx",
	})
}

func TestSecondSendersAreFound(t *testing.T) {
	for line, second := range map[string]bool{
		`conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(creds))`:        true,
		`conn, err := grpc.Dial(address)`:                                                   true,
		`res, err := txtypes.NewServiceClient(conn).BroadcastTx(ctx, request)`:              true,
		`res, err := clientCtx.BroadcastTxSync(raw)`:                                        true,
		`return clienttx.GenerateOrBroadcastTxCLI(clientCtx, cmd.Flags(), msg)`:             true,
		`doc := &txtypes.SignDoc{BodyBytes: body, AuthInfoBytes: auth, ChainId: id}`:        true,
		`bytes, err := authsigning.GetSignBytesAdapter(ctx, handlers, mode, data, builder)`: true,
		`conn, err := grpcnode.Dial(address)`:                                               false,
		`err := sender.Broadcast(ctx, signed)`:                                              false,
		`raw, err := tx.Encode(ctx, chainID, signer, account, draft)`:                       false,
		`"broadcast_tx_sync": server.NewRPCFunc(n.take, "tx"),`:                             false,
	} {
		require.Equal(t, second, len(SecondSenders([]byte(line))) == 1, line)
	}
}
