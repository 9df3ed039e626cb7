package types

import "cosmossdk.io/collections"

// JobStoreKey returns the key of a Job record in the module's store, for queries with a
// proof.
func JobStoreKey(id JobID) ([]byte, error) {
	return collections.EncodeKeyWithPrefix(JobsPrefix.Bytes(), JobIDKey, id)
}

// SpecStoreKey returns the key of a JobSpec record in the module's store, for queries with a
// proof.
func SpecStoreKey(id JobID) ([]byte, error) {
	return collections.EncodeKeyWithPrefix(SpecsPrefix.Bytes(), JobIDKey, id)
}

// ChunkStoreKey returns the key of a Chunk record in the module's store, for queries with a
// proof. A task that has ended does not have such a record.
func ChunkStoreKey(id JobID, task uint64) ([]byte, error) {
	key := collections.PairKeyCodec(JobIDKey, collections.Uint64Key)
	return collections.EncodeKeyWithPrefix(ChunksPrefix.Bytes(), key, collections.Join(id, task))
}

// ReceiptStoreKey returns the key of a Receipt record in the module's store, for queries with
// a proof.
func ReceiptStoreKey(id JobID, task uint64) ([]byte, error) {
	key := collections.PairKeyCodec(JobIDKey, collections.Uint64Key)
	return collections.EncodeKeyWithPrefix(ReceiptsPrefix.Bytes(), key, collections.Join(id, task))
}
