package cmd_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	"github.com/cosmos/cosmos-sdk/crypto/keys/multisig"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/blob"
	requester "github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/client/tx"
	"github.com/thetaedge/theta/testutil/edge"
)

// ring opens the keys of the market's person.
func (m *market) ring() keyring.Keyring {
	m.t.Helper()
	keys, err := keyring.New(sdk.KeyringServiceName(), keyring.BackendTest, m.home, nil, m.chain.App.AppCodec())
	require.NoError(m.t, err)
	return keys
}

// fund gives an account coins of the requester's.
func (m *market) fund(to sdk.AccAddress, tfuel int64) {
	m.t.Helper()
	m.chain.MustDeliver(m.network.Requester, banktypes.NewMsgSend(m.network.Requester.Address, to, sdk.NewCoins(params.TfuelCoin(tfuel))))
}

// lastTx is the last transaction that the node has taken.
func (m *market) lastTx() *txtypes.Tx {
	m.t.Helper()
	raw := m.node.Last()
	require.NotEmpty(m.t, raw)
	decoded, err := m.chain.App.TxConfig().TxDecoder()(raw)
	require.NoError(m.t, err)
	return decoded.(interface{ GetProtoTx() *txtypes.Tx }).GetProtoTx()
}

func TestAMultisigPostsAJobWhoseKeyWasKeptBeforeItsTransactionWasMade(t *testing.T) {
	m := newMarket(t, 5)
	keys := m.ring()
	var parts []cryptotypes.PubKey
	for _, name := range []string{"one", "two", "three"} {
		record, _, err := keys.NewMnemonic(name, keyring.English, sdk.FullFundraiserPath, "", hd.Secp256k1)
		require.NoError(t, err)
		key, err := record.GetPubKey()
		require.NoError(t, err)
		parts = append(parts, key)
	}
	together := multisig.NewLegacyAminoPubKey(2, parts)
	_, err := keys.SaveMultisig("together", together)
	require.NoError(t, err)
	address := sdk.AccAddress(together.Address())
	m.fund(address, 100)
	job := jobFile(t, startRelay(t), "{quorum: 3}")
	dir := filepath.Join(t.TempDir(), "their result")

	_, err = m.compute("together", "run", job, "--out", dir)
	require.ErrorIs(t, err, tx.ErrCannotSign)
	require.ErrorContains(t, err, "--generate-only")
	require.NoFileExists(t, filepath.Join(dir, requester.StateFile))

	printed, err := m.compute("together", "run", job, "--out", dir, "--generate-only", "--note", "for all of us")
	require.NoError(t, err)
	state, err := requester.LoadState(dir)
	require.NoError(t, err)
	require.True(t, state.Outside)
	_, err = m.compute("together", "run", job, "--out", dir)
	require.Error(t, err, "the key to a job that may still be posted is not replaced")
	_, err = m.compute("together", "run", "--resume", "--out", dir)
	require.ErrorIs(t, err, requester.ErrNotPosted)

	unsigned := unsignedIn(t, printed)
	signatures := []string{}
	common := []string{"--keyring-backend", "test", "--chain-id", m.node.ChainID(), "--node", m.node.Address}
	for _, name := range []string{"one", "three"} {
		path := filepath.Join(t.TempDir(), name+".json")
		_, err := run(t, m.home, append([]string{"tx", "sign", unsigned, "--multisig", address.String(), "--from", name, "--output-document", path}, common...)...)
		require.NoError(t, err)
		signatures = append(signatures, path)
	}
	signed := filepath.Join(t.TempDir(), "signed.json")
	_, err = run(t, m.home, append(append([]string{"tx", "multisign", unsigned, "together"}, signatures...), append(common, "--output-document", signed)...)...)
	require.NoError(t, err)
	_, err = run(t, m.home, append([]string{"tx", "broadcast", signed}, common...)...)
	require.NoError(t, err)
	require.Equal(t, "for all of us", m.lastTx().Body.Memo)

	out, err := run(t, m.home, "compute", "run", "--resume", "--out", dir, "--node", m.node.Address)
	require.NoError(t, err, "no key is needed to find the job")
	require.Contains(t, out, "Posted job ")
	require.Contains(t, out, "--out '"+dir+"'", "a path with a space is one word of the command")
	state, err = requester.LoadState(dir)
	require.NoError(t, err)
	theirs, err := run(t, m.home, "query", "compute", "jobs", address.String(), "--node", m.node.Address)
	require.NoError(t, err)
	require.Contains(t, theirs, state.JobID)
	box, err := blob.BoxOf(state.Token)
	require.NoError(t, err)
	spec, err := state.JobSpec()
	require.NoError(t, err)
	require.Contains(t, spec.Sink, box)
	edge.RequireInvariants(t, m.chain)
}

// unsignedIn saves the transaction among what a command has printed.
func unsignedIn(t *testing.T, printed string) string {
	t.Helper()
	for line := range strings.Lines(printed) {
		if strings.HasPrefix(line, "{") {
			path := filepath.Join(t.TempDir(), "unsigned.json")
			require.NoError(t, os.WriteFile(path, []byte(line), 0o600))
			return path
		}
	}
	require.FailNow(t, "no transaction in "+printed)
	return ""
}

func TestTheSignersOptionsAreInTheTransaction(t *testing.T) {
	m := newMarket(t, 5)
	m.chain.NextBlock(m.network.PostArray(m.chain, params.TfuelCoin(1), 2))
	id := m.network.Jobs(m.chain)[0].Id
	expiry := m.chain.Time().Add(time.Hour)
	grant, err := feegrant.NewMsgGrantAllowance(&feegrant.BasicAllowance{Expiration: &expiry}, m.network.Relay.Address, m.network.Requester.Address)
	require.NoError(t, err)
	m.chain.MustDeliver(m.network.Relay, grant)

	topUp := []string{"top-up", id, "--tasks", "1"}
	out, err := m.compute("alice", append(topUp, "--dry-run")...)
	require.NoError(t, err)
	require.Contains(t, out, "Nothing was sent. The transaction would take ")
	require.EqualValues(t, 2, m.job(id).Tasks, "a dry run sends nothing")

	_, err = m.compute("alice", append(topUp, "--fee-granter", m.network.Relay.Address.String(), "--note", "more",
		"--gas", "400000", "--gas-prices", "3000000000.5atfuel", "--sign-mode", "amino-json")...)
	require.NoError(t, err)
	sent := m.lastTx()
	require.Equal(t, m.network.Relay.Address.String(), sent.AuthInfo.Fee.Granter)
	require.Equal(t, "more", sent.Body.Memo)
	require.EqualValues(t, 400_000, sent.AuthInfo.Fee.GasLimit)
	require.Equal(t, "1200000000200000atfuel", sent.AuthInfo.Fee.Amount.String())
	require.Equal(t, "SIGN_MODE_LEGACY_AMINO_JSON", sent.AuthInfo.SignerInfos[0].ModeInfo.GetSingle().Mode.String())

	_, err = m.compute("alice", append(topUp, "--fees", "10000000000000000atfuel")...)
	require.NoError(t, err)
	require.Equal(t, "10000000000000000atfuel", m.lastTx().AuthInfo.Fee.Amount.String())
	require.EqualValues(t, 4, m.job(id).Tasks)

	for _, nonsense := range [][]string{
		{"--gas", "many"},
		{"--gas", "0"},
		{"--gas-prices", "1uatom"},
		{"--gas-prices", "-1atfuel"},
		{"--gas-prices", "1atfuel"},
		{"--fees", "1atfuel"},
		{"--fees", "1atom"},
		{"--fees", "1tfuel", "--gas-prices", "9000000000atfuel"},
		{"--gas-adjustment", "0.5"},
		{"--gas-adjustment", "0"},
		{"--gas-adjustment", "NaN"},
		{"--sign-mode", "textual"},
		{"--ledger"},
		{"--fee-payer", m.network.Relay.Address.String()},
		{"--account-number", "1"},
		{"--timeout-height", "9"},
		{"--dry-run", "--generate-only"},
	} {
		_, err := m.compute("alice", append(topUp, nonsense...)...)
		require.Error(t, err, nonsense)
	}
	require.EqualValues(t, 4, m.job(id).Tasks)
}

func TestATransactionIsMadeWithoutANode(t *testing.T) {
	m := newMarket(t, 3)
	args := []string{
		"compute", "cancel", "1-0-0", "--from", "alice", "--keyring-backend", "test", "--offline", "--node", "127.0.0.1:1",
		"--chain-id", m.node.ChainID(), "--gas", "100000", "--fees", "0.001tfuel",
	}
	_, err := run(t, m.home, args...)
	require.ErrorContains(t, err, "--account-number")
	out, err := run(t, m.home, append(args, "--generate-only")...)
	require.NoError(t, err)
	require.Contains(t, out, `"signatures":[]`)
	out, err = run(t, m.home, append(args, "-a", "7", "-s", "0")...)
	require.NoError(t, err)
	require.NotContains(t, out, `"signatures":[]`)
}

func TestASpecWrittenByHandNeedsTheTokenOfItsBox(t *testing.T) {
	m := newMarket(t, 5)
	relay := startRelay(t)
	token, err := blob.NewToken()
	require.NoError(t, err)
	box, err := blob.BoxOf(token)
	require.NoError(t, err)
	spec := func(sink string) string {
		path := filepath.Join(t.TempDir(), "spec.json")
		digest := strings.Repeat("00", 32)
		raw, err := hex.DecodeString(digest)
		require.NoError(t, err)
		text := fmt.Sprintf(`{"executor":"wasm/1","program":{"sha256":%q,"size":"4","uris":["%s/v1/blobs/%s"]},"class":"cpu-small",
"resources":{"fuel":"1000","memory_bytes":"1048576","output_bytes":"1024"},"policy":{"kind":"POLICY_KIND_QUORUM","replicas":3},
"reward":{"denom":"atfuel","amount":"1000000000000000000"},"tasks":"1","prepare_blocks":"40","commit_blocks":"200","lifetime_blocks":"1200",
"sink":%q,"placement":{}}`, base64.StdEncoding.EncodeToString(raw), relay, digest, sink)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	dir := filepath.Join(t.TempDir(), "made")
	_, err = m.compute("alice", "run", spec(""), "--relay", relay, "--out", dir)
	require.NoError(t, err, "a spec without a sink gets a box")

	sink := relay + "/v1/drops/" + box
	_, err = m.compute("alice", "run", spec(sink), "--out", filepath.Join(t.TempDir(), "none"))
	require.ErrorContains(t, err, "--token-file")
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(string(token)+"\n"), 0o600))
	dir = filepath.Join(t.TempDir(), "named")
	_, err = m.compute("alice", "run", spec(sink), "--token-file", file, "--out", dir)
	require.NoError(t, err)
	state, err := requester.LoadState(dir)
	require.NoError(t, err)
	require.Equal(t, token, state.Token)
	require.Equal(t, relay, state.Relay)
}

func TestNothingIsPostedByAScriptThatDoesNotSayYes(t *testing.T) {
	m := newMarket(t, 5)
	dir := filepath.Join(t.TempDir(), "result")
	job := jobFile(t, startRelay(t), "{quorum: 3}")
	_, err := run(t, m.home, "compute", "run", job, "--out", dir, "--node", strings.TrimPrefix(m.node.Address, "tcp://"), "--from", "alice", "--keyring-backend", "test")
	require.ErrorContains(t, err, "pass -y")
	require.NoFileExists(t, filepath.Join(dir, requester.StateFile))
	require.Empty(t, m.network.Jobs(m.chain))
}
