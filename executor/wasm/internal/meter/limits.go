package meter

// These limits on a module are part of the profile. Engines have limits of their own, which
// differ and change. The limits here are within all of them, so that no engine determines
// which programs are valid.
const (
	// MaxTypes is the highest number of function types of a module.
	MaxTypes = 1 << 16
	// MaxParams is the highest number of parameters, and of results, of a function type.
	MaxParams = 1000
	// MaxImports is the highest number of imports.
	MaxImports = 1000
	// MaxFunctions is the highest number of functions that a module may define.
	MaxFunctions = 1 << 19
	// MaxGlobals is the highest number of globals.
	MaxGlobals = 1 << 16
	// MaxMutableGlobals is the highest number of mutable globals. A compiler may load each of
	// them again after each call.
	MaxMutableGlobals = 512
	// MaxExports is the highest number of exports.
	MaxExports = 1 << 16
	// MaxNameBytes is the highest number of bytes in the name of an import or export.
	MaxNameBytes = 1 << 16
	// MaxSegments is the highest number of data segments, and of element segments. Browsers
	// have the same limit, and therefore Go's linker does too.
	MaxSegments = 100_000
	// MaxFunctionBytes is the highest number of bytes of code that one function may have.
	MaxFunctionBytes = 1 << 20
	// MaxRewrittenBytes is the highest number of bytes of code that a function may have,
	// including the code that the rewriting adds.
	MaxRewrittenBytes = 7 << 20
	// MaxFunctionLocals is the highest number of parameters, results and locals of a function,
	// counted together.
	MaxFunctionLocals = 16384
	// MaxBranchTable is the highest number of targets of one branch table.
	MaxBranchTable = 1 << 15
	// MaxFunctionJoins bounds the number of values that a function may carry to the places
	// where its control flow meets (see joins). A compiler may store each of these values
	// separately. With some thousands of values and of places, it takes more time and memory
	// than any machine has, and kills the process in the end. PHP's interpreter has a function
	// with 2,121,123 of these values.
	MaxFunctionJoins = 2_200_000
	// MaxModuleJoins bounds the sum of these values over all functions.
	MaxModuleJoins = 1 << 25
	// MaxTableElements is the highest number of elements of one table.
	MaxTableElements = 1 << 20
	// MaxTables is the highest number of tables that a module may have.
	MaxTables = 16
	// MaxPages is the highest number of pages of memory that a program can have. It is a page
	// less than 32 bits can address, because engines disagree on the last page.
	MaxPages = 1<<16 - 1
)
