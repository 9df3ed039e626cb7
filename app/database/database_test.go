package database_test

import (
	"bytes"
	"testing"

	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/app/database"
)

func open(t require.TestingT, dir string) dbm.DB {
	db, err := database.Open(dir, dbm.PebbleDBBackend)
	require.NoError(t, err)
	return db
}

// entries returns the entries of a range in both directions.
func entries(t require.TestingT, db dbm.DB, start, end []byte) (up, down [][]byte) {
	read := func(it dbm.Iterator, err error) (out [][]byte) {
		require.NoError(t, err)
		for ; it.Valid(); it.Next() {
			out = append(out, it.Key(), it.Value())
		}
		require.NoError(t, it.Error())
		require.NoError(t, it.Close())
		return out
	}
	return read(db.Iterator(start, end)), read(db.ReverseIterator(start, end))
}

// For any writes, the database reads like a database in memory.
func TestReadsLikeADatabaseInMemory(t *testing.T) {
	db, model := open(t, t.TempDir()), dbm.NewMemDB()
	defer func() { require.NoError(t, db.Close()) }()
	rapid.Check(t, func(r *rapid.T) {
		key := rapid.SliceOfN(rapid.ByteRange(0, 3), 1, 3)
		value := rapid.SliceOfN(rapid.Byte(), 0, 4)
		for _, each := range []dbm.DB{db, model} {
			all, _ := entries(r, each, nil, nil)
			for i := 0; i < len(all); i += 2 {
				require.NoError(r, each.DeleteSync(all[i]))
			}
		}
		batch, twin := db.NewBatch(), model.NewBatch()
		for range rapid.IntRange(1, 30).Draw(r, "steps") {
			k, v := key.Draw(r, "key"), value.Draw(r, "value")
			switch rapid.IntRange(0, 4).Draw(r, "step") {
			case 0:
				require.NoError(r, db.Set(k, v))
				require.NoError(r, model.Set(k, v))
			case 1:
				require.NoError(r, db.Delete(k))
				require.NoError(r, model.Delete(k))
			case 2:
				require.NoError(r, batch.Set(k, v))
				require.NoError(r, twin.Set(k, v))
			case 3:
				require.NoError(r, batch.Delete(k))
				require.NoError(r, twin.Delete(k))
			default:
				require.NoError(r, batch.WriteSync())
				require.NoError(r, twin.WriteSync())
				require.Error(r, batch.Set(k, v), "a batch is written once")
				batch, twin = db.NewBatchWithSize(64), model.NewBatchWithSize(64)
			}
			got, err := db.Get(k)
			require.NoError(r, err)
			want, err := model.Get(k)
			require.NoError(r, err)
			require.True(r, bytes.Equal(want, got) && (want == nil) == (got == nil))
			has, err := db.Has(k)
			require.NoError(r, err)
			require.Equal(r, want != nil, has)
		}
		require.NoError(r, batch.Close())
		require.NoError(r, twin.Close())
		from, to := key.Draw(r, "from"), key.Draw(r, "to")
		for _, bounds := range [][2][]byte{{nil, nil}, {from, nil}, {nil, to}, {from, to}} {
			if bounds[0] != nil && bounds[1] != nil && bytes.Compare(from, to) > 0 {
				continue
			}
			up, down := entries(r, db, bounds[0], bounds[1])
			wantUp, wantDown := entries(r, model, bounds[0], bounds[1])
			require.Equal(r, wantUp, up)
			require.Equal(r, wantDown, down)
		}
	})
}

// Commands that open databases with the library's defaults read the same data.
func TestLibraryReadsTheSameFiles(t *testing.T) {
	home := t.TempDir()
	db := open(t, home)
	require.NoError(t, db.SetSync([]byte("key"), []byte("value")))
	require.NoError(t, db.Close())

	plain, err := dbm.NewDB("application", dbm.PebbleDBBackend, home+"/data")
	require.NoError(t, err)
	value, err := plain.Get([]byte("key"))
	require.NoError(t, err)
	require.Equal(t, "value", string(value))
	require.NoError(t, plain.Set([]byte("more"), []byte("values")))
	require.NoError(t, plain.Close())

	db = open(t, home)
	value, err = db.Get([]byte("more"))
	require.NoError(t, err)
	require.Equal(t, "values", string(value))
	require.NoError(t, db.Close())
}

func TestEmptyKeysAndMissingValuesAreRefused(t *testing.T) {
	db := open(t, t.TempDir())
	defer func() { require.NoError(t, db.Close()) }()
	_, err := db.Get(nil)
	require.Error(t, err)
	require.Error(t, db.Set(nil, []byte{1}))
	require.Error(t, db.Set([]byte{1}, nil))
	require.Error(t, db.Delete([]byte{}))
	_, err = db.Iterator([]byte{}, nil)
	require.Error(t, err)
}
