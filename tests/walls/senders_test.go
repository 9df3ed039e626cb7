package walls

import (
	"os"
	"path/filepath"
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
	packages, err := list([]string{"-tags=pebbledb,libsecp256k1_sdk,system,sims"}, "./...")
	require.NoError(t, err)
	files := 0
	allowed := sendersAllowed()
	for _, pkg := range packages {
		if in(ours(pkg.ImportPath), "tests/walls") {
			continue
		}
		for _, name := range append(append([]string{}, pkg.GoFiles...), pkg.CgoFiles...) {
			if generated(name) {
				continue
			}
			source, err := os.ReadFile(filepath.Join(pkg.Dir, name))
			require.NoError(t, err)
			files++
			place := ours(pkg.ImportPath) + "/" + name
			found := SecondSenders(source)
			if _, fine := allowed[place]; fine {
				require.NotEmpty(t, found, "%s needs no exception any more", place)
				delete(allowed, place)
				continue
			}
			require.Empty(t, found, "%s: connect to nodes with client/grpcnode, and send transactions with client/tx", place)
		}
	}
	require.Greater(t, files, 200)
	require.Empty(t, allowed, "exceptions for files that are not there")
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
