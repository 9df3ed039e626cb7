package types

import (
	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// WorkerStoreKey returns the key in the module's store that holds the operator of a worker.
// Clients that query the operator with a proof need this key.
func WorkerStoreKey(worker sdk.AccAddress) ([]byte, error) {
	return collections.EncodeKeyWithPrefix(WorkersPrefix.Bytes(), sdk.AccAddressKey, worker)
}
