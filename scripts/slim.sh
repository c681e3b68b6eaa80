# What an image of a service needs of the packages that are installed in a folder.
#
#   sh scripts/slim.sh FOLDER
#
# Left out is what no service reads: tests, sources of what is compiled, debugging symbols, other
# databases, words of other languages.
set -eu
cd "$1"
find . -type d \( -name tests -o -path "*/sqlalchemy/testing" -o -path "*/alembic/testing" \
  -o -path "*/numpy/f2py" -o -path "*/numpy/distutils" -o -name sboms \
  -o -path "*/pydantic/v1" -o -path "*/sqlalchemy/dialects/[mos]*" -o -path "*/openai/cli" \
  -o -path "*/openai/*/beta" -o -path "*/openai/*/admin" -o -path "*/openai/*/live" \
  \) -prune -exec rm -r {} +
find . -type f \( -name "*.pyi" -o -name "*.pyx" -o -name "*.pxd" -o -name "*.[ach]" -o -name "*.[ch]pp" \
  -o -name "*.proto" -o -name RECORD -o -path "*/semconv/_incubating/*/[!_o]*.py" \
  -o -path "*/numpy/_core/_simd.*" -o -path "*/numpy/_core/*_tests.*" \
  -o -path "*/wcwidth/_wcwidth_c.*" -o -path "*/wcwidth/table_grapheme_overrides/_known_*" \
  -o -path "*/langcodes/data/*-registry.txt" \) -delete
find . \( -path "*/wordfreq/data/*" -o -path "*/spylls/hunspell/data/*" \) -type f \
  ! -name "large_en.*" ! -name "large_sv.*" ! -name "en_US.*" ! -name "sv_SE.*" \
  ! -name "small_en.*" ! -name "small_sv.*" ! -name "small_de.*" ! -name "small_es.*" \
  ! -name "small_fr.*" -delete
# Libraries that a wheel has taken along do not survive being stripped.
find . -name "*.so" ! -path "*/*.libs/*" -exec strip --strip-unneeded {} +
