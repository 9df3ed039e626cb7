package types

import "cosmossdk.io/collections"

// JobStoreKey returns the key of a Job record in the module's store, for those
// who ask for it with a proof.
func JobStoreKey(id JobID) ([]byte, error) {
	return collections.EncodeKeyWithPrefix(JobsPrefix.Bytes(), JobIDKey, id)
}

// ReceiptStoreKey returns the key of a Receipt record in the module's store, for
// those who ask for it with a proof.
func ReceiptStoreKey(id JobID, task uint64) ([]byte, error) {
	key := collections.PairKeyCodec(JobIDKey, collections.Uint64Key)
	return collections.EncodeKeyWithPrefix(ReceiptsPrefix.Bytes(), key, collections.Join(id, task))
}
