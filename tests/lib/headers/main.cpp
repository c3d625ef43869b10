// That they compile is the test; this says whether all of them did: HEADERS is what meson.build lists.
#include <cstdio>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>

int main() {
    std::set<std::string> compiled, there;
    std::istringstream list(HEADERS);
    for (std::string name; list >> name;) compiled.insert(name);
    for (const auto& entry : std::filesystem::directory_iterator(ELKODON_SOURCES "/lib/elkodon"))
        if (entry.path().extension() == ".hpp") there.insert(entry.path().filename());
    for (const auto& name : there)
        if (compiled.count(name) == 0)
            std::printf("tests/lib/meson.build doesn't list %s\n", name.c_str());
    std::printf("%zu public headers compile alone\n", compiled.size());
    return compiled == there ? 0 : 1;
}
