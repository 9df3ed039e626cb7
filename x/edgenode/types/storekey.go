package types

import (
	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// WorkerStoreKey returns the key in the module's store under which the operator of a
// worker stands, for those who ask for it with a proof.
func WorkerStoreKey(worker sdk.AccAddress) ([]byte, error) {
	return collections.EncodeKeyWithPrefix(WorkersPrefix.Bytes(), sdk.AccAddressKey, worker)
}
