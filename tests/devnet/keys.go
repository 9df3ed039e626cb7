package devnet

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	"github.com/cosmos/cosmos-sdk/std"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/client/tx"
)

// Names of funded keys. The keys of edge operators have the names of their nodes.
const (
	// Alice and Bob are requesters.
	Alice = "alice"
	Bob   = "bob"

	// ValidatorKey is the operator of the only validator.
	ValidatorKey = "validator"

	beaconKey = "beacon"
	faucetKey = "faucet"
)

// funds returns the balances of keys at genesis, in whole tfuel.
func (d *Devnet) funds() map[string]int64 {
	funds := map[string]int64{
		Alice: 10_000, Bob: 10_000, ValidatorKey: 1_000_000, beaconKey: 100_000, faucetKey: 10_000_000,
	}
	for _, node := range d.nodes {
		funds[node.Name] = 1_000
	}
	maps.Copy(funds, d.opts.Funds)
	return funds
}

// openKeys opens the keyring of thetad's home.
func openKeys(home string) (keyring.Keyring, error) {
	registry := codectypes.NewInterfaceRegistry()
	std.RegisterInterfaces(registry)
	return keyring.New(sdk.KeyringServiceName(), keyring.BackendTest, home, nil, codec.NewProtoCodec(registry))
}

// makeKeys creates a key for each account with funds, and writes the list of accounts that
// the genesis command reads.
func (d *Devnet) makeKeys() (accounts string, err error) {
	keys, err := openKeys(d.home())
	if err != nil {
		return "", err
	}
	type account struct {
		Address string    `json:"address"`
		Coins   sdk.Coins `json:"coins"`
	}
	var list []account
	for name, tfuel := range d.funds() {
		record, _, err := keys.NewMnemonic(name, keyring.English, sdk.FullFundraiserPath, keyring.DefaultBIP39Passphrase, hd.Secp256k1)
		if err != nil {
			return "", fmt.Errorf("key %s: %w", name, err)
		}
		address, err := record.GetAddress()
		if err != nil {
			return "", err
		}
		d.addresses[name] = address.String()
		list = append(list, account{Address: address.String(), Coins: sdk.NewCoins(params.TfuelCoin(tfuel))})
	}
	for i := range d.nodes {
		d.nodes[i].Operator = d.addresses[d.nodes[i].Name]
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return "", err
	}
	accounts = filepath.Join(d.dir, "accounts.json")
	return accounts, os.WriteFile(accounts, raw, 0o600)
}

// Signer signs with a key of the devnet.
func (d *Devnet) Signer(name string) (tx.Signer, error) {
	keys, err := openKeys(d.home())
	if err != nil {
		return nil, err
	}
	return tx.NewKeyringSigner(keys, name)
}

// Address returns the account of a key of the devnet.
func (d *Devnet) Address(name string) string { return d.addresses[name] }

// nodeName returns the name of an edge node, of its operator's key and of its process.
func nodeName(i int, lies bool) string {
	if lies {
		return "liar" + strconv.Itoa(i+1)
	}
	return "edge" + strconv.Itoa(i+1)
}
