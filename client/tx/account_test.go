package tx

import (
	"testing"

	"github.com/stretchr/testify/require"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	"github.com/cosmos/cosmos-sdk/crypto/keys/multisig"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
)

func keys(n int) []cryptotypes.PubKey {
	all := make([]cryptotypes.PubKey, n)
	for i := range all {
		all[i] = secp256k1.GenPrivKey().PubKey()
	}
	return all
}

// packings are a key as a connection returns it: decoded or not.
func packings(t *testing.T, key cryptotypes.PubKey) []*codectypes.Any {
	t.Helper()
	cached, err := codectypes.NewAnyWithValue(key)
	require.NoError(t, err)
	return []*codectypes.Any{cached, {TypeUrl: cached.TypeUrl, Value: cached.Value}}
}

func TestTheKeyOfAnAccountIsTheOneThatItsAddressFollowsFrom(t *testing.T) {
	for _, key := range []cryptotypes.PubKey{keys(1)[0], multisig.NewLegacyAminoPubKey(2, keys(3))} {
		for _, packed := range packings(t, key) {
			found := keyOf(sdk.AccAddress(key.Address()), packed)
			require.True(t, key.Equals(found))
			require.Nil(t, keyOf(sdk.AccAddress("12345678901234567890"), packed), "of another account")
		}
	}
	require.Nil(t, keyOf(sdk.AccAddress("12345678901234567890"), nil))
}

// TestAKeyWithNumbersThatANodeInventsIsNone: a node names the key of an account whose key is not
// here. A simulation makes room for as many signatures as the key's threshold says.
func TestAKeyWithNumbersThatANodeInventsIsNone(t *testing.T) {
	params.SetSDKDefaults()
	lies := map[string]cryptotypes.PubKey{
		"a single key that is none":     &secp256k1.PubKey{Key: []byte{1}},
		"a key of another kind":         ed25519.GenPrivKey().PubKey(),
		"more keys than a chain takes":  multisig.NewLegacyAminoPubKey(1, keys(maxMultisigKeys+1)),
		"a part of another kind":        multisig.NewLegacyAminoPubKey(1, []cryptotypes.PubKey{ed25519.GenPrivKey().PubKey()}),
		"a multisig among its own keys": multisig.NewLegacyAminoPubKey(1, []cryptotypes.PubKey{multisig.NewLegacyAminoPubKey(1, keys(1))}),
	}
	for name, threshold := range map[string]uint32{"a threshold of a million": 1_000_000, "one of all": 1<<32 - 1, "one of none": 0} {
		many := multisig.NewLegacyAminoPubKey(1, keys(1))
		many.Threshold = threshold
		lies[name] = many
	}
	for name, key := range lies {
		for _, packed := range packings(t, key) {
			require.Nil(t, keyIn(packed), name)
			account := NewAccount(sdk.AccAddress("12345678901234567890"), nil)
			raw, err := Draft{Msgs: []sdk.Msg{send(account.Address())}}.rehearsal(account, AccountState{PubKey: keyOf(account.Address(), packed)})
			require.NoError(t, err)
			require.Less(t, len(raw), 10_000, name)
		}
	}
}
