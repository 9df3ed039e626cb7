package cmd

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/cometbft/cometbft/p2p"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	rpctypes "github.com/cometbft/cometbft/rpc/jsonrpc/types"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client/flags"
)

// answering is a node that says of which chain it is.
func answering(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked rpctypes.RPCRequest
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer := rpctypes.NewRPCSuccessResponse(asked.ID, &coretypes.ResultStatus{NodeInfo: p2p.DefaultNodeInfo{Network: "theta-1"}})
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func TestTheFirstOfSeveralNodesThatAnswersIsUsed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	dead := listener.Addr().String()
	require.NoError(t, listener.Close())
	good := answering(t)
	for given, want := range map[string]string{
		dead:                                   "tcp://" + dead,
		"http://" + dead:                       "http://" + dead,
		dead + "," + good:                      "tcp://" + good,
		dead + ", http://" + good + "," + dead: "http://" + good,
	} {
		command := &cobra.Command{}
		command.Flags().String(flags.FlagNode, "", "")
		require.NoError(t, command.Flags().Set(flags.FlagNode, given))
		require.NoError(t, completeNode(command))
		require.Equal(t, want, command.Flags().Lookup(flags.FlagNode).Value.String())
	}
	command := &cobra.Command{}
	command.Flags().String(flags.FlagNode, "", "")
	require.NoError(t, command.Flags().Set(flags.FlagNode, dead+","+dead))
	require.ErrorContains(t, completeNode(command), "found none of 2")
}
